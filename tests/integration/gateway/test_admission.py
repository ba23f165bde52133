"""The gateway on a real PostgreSQL and a real Valkey: who gets in, and what the others learn."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import orjson
import pytest
from gateway_parts import PEPPER, SCOPE, entrance

from penstock.errors import (
    AuthUnavailable,
    DatabaseFailed,
    InvalidApiKey,
    InvalidConfiguration,
    NotFound,
    PenstockError,
    PermissionDenied,
    RateLimitExceeded,
)
from penstock.gateway.embedded_valkey import EmbeddedValkey
from penstock.gateway.hashing import KeyHasher
from penstock.gateway.key_format import _check, new_key
from penstock.gateway.service import Credential
from penstock.telemetry.service import open_telemetry


def test_a_good_key_gets_in_as_its_owner_with_its_scopes_and_learns_what_is_left(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, row = await house.key()
            admission = await house.enter(plain)
            caller = admission.caller
            assert (caller.org_id, caller.principal_id, caller.key_id) == ("acme", house.owner, row.kid)
            assert caller.scopes == set(row.scopes)
            assert (admission.limit, admission.remaining) == (100, 99)
            assert 0 < admission.reset_s <= 60
            by_header = await house.gateway.admit(Credential(api_key=(plain,)), SCOPE)
            assert by_header.remaining == 98

    asyncio.run(walk())


FORMS = {
    "nothing at all": lambda _key: Credential(),
    "two Authorization headers": lambda key: Credential(authorization=(f"Bearer {key}", f"Bearer {key}")),
    "both headers": lambda key: Credential(authorization=(f"Bearer {key}",), api_key=(key,)),
    "two spaces": lambda key: Credential(authorization=(f"Bearer  {key}",)),
    "a tab": lambda key: Credential(authorization=(f"bearer\t{key}",)),
    "no scheme": lambda key: Credential(authorization=(key,)),
    "basic": lambda key: Credential(authorization=(f"Basic {key}",)),
    "a header injected": lambda key: Credential(authorization=(f"Bearer {key}\r\nX-Org: b",)),
    "a space behind": lambda key: Credential(authorization=(f"Bearer {key} ",)),
    "ten kilobytes": lambda key: Credential(api_key=(key + "A" * 10_000,)),
    "not ascii": lambda key: Credential(api_key=(key[:-1] + "\u00e9",)),
    "a digit changed": lambda key: Credential(api_key=(key[:30] + ("0" if key[30] != "0" else "1") + key[31:],)),
    "upper case": lambda key: Credential(api_key=(key.upper(),)),
    "empty": lambda _key: Credential(api_key=("",)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_a_wrong_form_is_refused_without_asking_the_database(postgres: str, valkey: str, form: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, _ = await house.key()
            with pytest.raises(InvalidApiKey):
                await house.gateway.admit(FORMS[form](plain), SCOPE)
            assert house.store.asked == 0

    asyncio.run(walk())


def test_unknown_wrong_revoked_and_expired_keys_get_the_same_answer(postgres: str, valkey: str):
    async def walk() -> None:
        log = io.BytesIO()
        async with entrance(postgres, valkey, telemetry=open_telemetry(redact=str, version="0", stream=log)) as house:
            revoked, row = await house.key()
            await house.keys.revoke(row.kid)
            expired, _ = await house.key(days=1)
            good, _ = await house.key()
            house.clock.go_on(86_400)
            wrong = _other_secret(good)
            answers = {await _refusal(house, key) for key in (new_key().plain, wrong, revoked, expired)}
            assert len(answers) == 1
            assert (await house.enter(good)).remaining == 99
        reasons = [line.get("reason") for line in map(orjson.loads, log.getvalue().splitlines())]
        assert reasons == ["unknown", "unknown", "revoked", "expired"]
        assert not any(secret[-49:].encode() in log.getvalue() for secret in (revoked, expired, good, wrong))

    asyncio.run(walk())


def test_a_remembered_key_is_not_looked_up_again_for_a_minute(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, _ = await house.key()
            await house.enter(plain)
            asked = house.store.asked
            for _ in range(5):
                await house.enter(plain)
            assert house.store.asked == asked
            house.clock.go_on(60)
            await house.enter(plain)
            assert house.store.asked == asked + 1

    asyncio.run(walk())


def test_many_requests_with_a_new_key_ask_the_database_once(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as house:
            plain, _ = await house.key()
            await asyncio.gather(*(house.enter(plain) for _ in range(50)))
            assert house.store.asked == 1

    asyncio.run(walk())


def test_a_revoked_key_is_refused_at_once_in_every_process_that_remembers_it(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as here, entrance(postgres, valkey) as there:
            plain, row = await here.key()
            for house in (here, there):
                await house.enter(plain)
            await here.keys.revoke(row.kid)
            for house in (here, there):
                assert await _refusal(house, plain) == "InvalidApiKey"

    asyncio.run(walk())


def test_without_redis_a_revoked_key_is_refused_elsewhere_within_a_minute(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as here, entrance(postgres, None) as there:
            plain, row = await here.key()
            await there.enter(plain)
            await here.keys.revoke(row.kid)
            there.clock.go_on(60)
            assert await _refusal(there, plain) == "InvalidApiKey"
            here.gateway.forget_keys()
            assert await _refusal(here, plain) == "InvalidApiKey"

    asyncio.run(walk())


def test_an_answer_on_its_way_while_a_key_is_revoked_is_not_remembered(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as house:
            plain, row = await house.key()
            house.store.held_back, house.store.reached = asyncio.Event(), asyncio.Event()
            entering = asyncio.create_task(house.enter(plain))
            await house.store.reached.wait()
            await house.keys.revoke(row.kid)
            house.gateway.forget_keys()
            house.store.held_back.set()
            await entering
            assert await _refusal(house, plain) == "InvalidApiKey"

    asyncio.run(walk())


def test_a_key_expires_while_it_is_remembered(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, row = await house.key(days=1)
            house.clock.wall = row.expires_at - timedelta(seconds=1)
            await house.enter(plain)
            house.clock.wall = row.expires_at
            assert await _refusal(house, plain) == "InvalidApiKey"

    asyncio.run(walk())


def test_a_missing_scope_is_forbidden_and_named(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, _ = await house.key(scopes=("pipelines:read",))
            await house.enter(plain, "pipelines:read")
            with pytest.raises(PermissionDenied, match="pipelines:generate"):
                await house.enter(plain, "pipelines:generate")

    asyncio.run(walk())


def test_the_hundred_and_first_request_is_told_when_to_come_back(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as house:
            house.clock.ticks = 60.0 * 1_000 + 15
            plain, _ = await house.key()
            second, _ = await house.key()
            for left in range(99, -1, -1):
                assert (await house.enter(plain if left % 2 else second)).remaining == left
            with pytest.raises(RateLimitExceeded) as refused:
                await house.enter(plain)
            assert refused.value.retry_after_s == 46
            assert refused.value.extra["limit"] == 100
            house.clock.go_on(46)
            await house.enter(plain)

    asyncio.run(walk())


def test_an_address_that_tries_keys_is_told_to_wait_and_its_keys_are_not_looked_up(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, _ = await house.key()
            await house.enter(plain)
            answers = [await _refusal(house, new_key().plain) for _ in range(1200)]
            assert answers == ["InvalidApiKey"] * 1000 + ["RateLimitExceeded"] * 200
            assert house.store.asked <= 1002
            await house.enter(plain)  # a key that was good before is not held up by its neighbours
            assert await _refusal(house, new_key().plain, ip="192.0.2.2") == "InvalidApiKey"
            house.clock.go_on(121)
            await house.enter(plain)
            assert await _refusal(house, new_key().plain) == "InvalidApiKey"

    asyncio.run(walk())


def test_garbage_from_an_address_does_not_lock_out_a_new_good_key_of_a_neighbour(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as house:
            plain, _ = await house.key()
            answers = [await _refusal(house, "not a key") for _ in range(300)]
            assert answers == ["InvalidApiKey"] * 100 + ["RateLimitExceeded"] * 200
            assert house.store.asked == 0
            await house.enter(plain)

    asyncio.run(walk())


def test_an_ipv6_host_does_not_become_another_by_another_of_its_addresses(postgres: str):
    async def walk() -> None:
        async with entrance(postgres, None) as house:
            answers = [await _refusal(house, new_key().plain, ip=f"2001:db8::{n:x}") for n in range(1001)]
            assert answers[-1] == "RateLimitExceeded"

    asyncio.run(walk())


def test_when_nobody_can_tell_whether_a_key_is_good_nobody_is_let_in_or_called_a_stranger(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, _ = await house.key()
            house.store.fails_with = DatabaseFailed()
            with pytest.raises(AuthUnavailable):
                await house.enter(plain)
            house.store.fails_with = None
            await house.enter(plain)
            house.store.fails_with = DatabaseFailed()
            await house.enter(plain)  # remembered

    asyncio.run(walk())


def test_with_redis_and_the_database_gone_the_answer_is_unavailable(postgres: str, own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with entrance(postgres, own_valkey.url) as house:
            plain, _ = await house.key()
            own_valkey.close()
            house.store.fails_with = DatabaseFailed()
            with pytest.raises(AuthUnavailable):
                await house.enter(plain)
            house.store.fails_with = None
            assert (await house.enter(plain)).remaining == 99

    asyncio.run(walk())


def test_the_hour_of_the_last_use_is_noted_once(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, row = await house.key()
            for _ in range(3):
                await house.enter(plain)
            await house.gateway.close()
            assert house.store.touched == 1
            found = await house.store.find(row.kid)
            assert found.last_used_at == house.clock.now().replace(minute=0)

    asyncio.run(walk())


def test_a_key_bound_to_addresses_is_refused_from_elsewhere(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            key = new_key()
            await house.store.add(
                kid=key.kid, key_hash=house.keys._hasher.hash(key.plain), pepper_version=1, org_id="acme",
                owner=house.owner, name="bound", scopes=[SCOPE], allowed_cidrs=["192.0.2.0/24"],
                created_at=house.clock.now(), expires_at=house.clock.now() + timedelta(days=1),
            )  # fmt: skip
            await house.enter(key.plain)
            assert await _refusal(house, key.plain, ip="198.51.100.1") == "InvalidApiKey"
            assert await _refusal(house, key.plain, ip="") == "InvalidApiKey"

    asyncio.run(walk())


def test_the_plain_key_is_nowhere_in_the_database_and_another_pepper_opens_nothing(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            plain, row = await house.key()
            assert len(row.key_hash) == 32
            assert plain[-49:] not in repr(row)
            stored = await house.store.find(row.kid)
            assert stored == row
            assert KeyHasher({1: PEPPER}).matches(plain, stored.key_hash, 1)
            assert not KeyHasher({1: PEPPER[::-1]}).matches(plain, stored.key_hash, 1)
            assert not KeyHasher({2: PEPPER}).matches(plain, stored.key_hash, 1)

    asyncio.run(walk())


def test_there_is_one_bootstrap_key_and_it_does_the_main_job(postgres: str, valkey: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            first, second = await house.keys.create_bootstrap(), await house.keys.create_bootstrap()
            assert first
            assert second is None
            caller = (await house.enter(first)).caller
            assert (caller.org_id, caller.principal_id) == ("local", "local-user")

    asyncio.run(walk())


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 366}, {"name": ""}, {"name": "a\nb"}, {"name": "x" * 101}, {"owner": ""}, {"owner": "a b"},
     {"org_id": "*"}, {"org_id": "a:b"}, {"scopes": ("*",)}],
    ids=str,
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(postgres: str, valkey: str, wrong: dict):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            before = len(await house.keys.list())
            with pytest.raises(InvalidConfiguration):
                await house.keys.create(**{"org_id": "acme", "owner": "ann", "name": "x", **wrong})
            assert len(await house.keys.list()) == before

    asyncio.run(walk())


@pytest.mark.parametrize("kid", ["000000000000", "", "x" * 1000, "'; --"])
def test_revoking_what_is_not_there_says_so(postgres: str, valkey: str, kid: str):
    async def walk() -> None:
        async with entrance(postgres, valkey) as house:
            with pytest.raises(NotFound):
                await house.keys.revoke(kid)

    asyncio.run(walk())


async def _refusal(house, key: str, *, ip: str = "192.0.2.1") -> str:
    with pytest.raises(PenstockError) as refused:
        await house.enter(key, ip=ip)
    return type(refused.value).__name__


def _other_secret(plain: str) -> str:
    """Return a well-formed key with the same public part."""
    body = plain[:22] + new_key().plain[22:65]
    return body + _check(body)
