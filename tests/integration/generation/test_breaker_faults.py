"""Redis dies, hangs, forgets, refuses to write: the breaker goes on in its process and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from breaker_parts import LEASE_S, OPEN_S, PATIENT_S, house
from redis.asyncio import Redis

from penstock.errors import InvalidConfiguration
from penstock.gateway.embedded_valkey import EmbeddedValkey
from penstock.generation.breaker import SKIP_S
from penstock.generation.breaker_rules import BreakerLimits
from penstock.generation.ports import CLOSED, HALF_OPEN, OPEN
from penstock.generation.redis_breaker import RedisBreaker

SOON_S = 1.0
"""How long tests wait for a Redis that hangs: more than a busy machine needs where it does answer."""


@asynccontextmanager
async def admin_of(server: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with Redis.from_url(server.url) as admin:
        yield admin


@asynccontextmanager
async def hanging(server: EmbeddedValkey) -> AsyncIterator[None]:
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_a_redis_that_dies_is_replaced_by_the_process_own_breaker_at_once(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as given:
            assert (await given.attempt("success")).source == "shared"
            own_valkey.close()
            permit = await given.breaker.permit()
            assert (permit.allowed, permit.source) == (True, "local")
            assert given.source_shown() == "local"
            await given.breaker.report(permit, "failure")
            assert await given.attempts(*["failure"] * 6) == [True] * 4 + [False] * 2
            assert await given.breaker.state() == OPEN
            assert given.events() == ["breaker.redis_failed", "breaker.opened"]
            given.clock.go_on(OPEN_S)
            assert [(await given.attempt("success")).probe_id is not None for _ in range(3)] == [True, True, False]
            assert await given.breaker.state() == CLOSED

    asyncio.run(walk())


def test_it_goes_on_from_what_it_last_saw_in_redis(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as one, house(own_valkey.url, model=one.model, clock=one.clock) as other:
            await one.attempts(*["failure"] * 3)
            await other.attempts("neutral", "failure")
            given_before = await one.breaker.permit()
            own_valkey.close()
            await one.breaker.report(given_before, "failure")  # the fifth: three of its own, one of the other's
            denied = await one.breaker.permit()
            assert (denied.allowed, denied.state, denied.source, denied.retry_after_s) == (False, OPEN, "local", OPEN_S)
            assert await other.allowed()

    asyncio.run(walk())


@pytest.mark.parametrize(("moment", "allowed"), [(OPEN_S - 1, False), (OPEN_S, True)])
def test_an_open_breaker_stays_open_for_the_rest_of_its_wait(own_valkey: EmbeddedValkey, moment: int, *, allowed: bool):
    async def walk() -> None:
        async with house(own_valkey.url) as given:
            await given.open()
            own_valkey.close()
            given.clock.go_on(moment)
            permit = await given.breaker.permit()
            assert (permit.allowed, permit.source) == (allowed, "local")

    asyncio.run(walk())


def test_a_probe_given_by_redis_counts_in_the_process_that_made_it_when_redis_is_gone(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with (
            house(own_valkey.url) as prober,
            house(own_valkey.url, model=prober.model, clock=prober.clock) as other,
        ):
            probe = await prober.half_open()
            assert not await other.allowed()
            own_valkey.close()
            await prober.breaker.report(probe, "success")
            assert (await prober.attempt("success")).probe_id
            assert await prober.breaker.state() == CLOSED
            assert not await other.allowed()
            other.clock.go_on(LEASE_S)
            assert (await other.breaker.permit()).probe_id

    asyncio.run(walk())


def test_a_redis_that_hangs_is_left_alone_for_a_second_and_used_again_when_it_wakes(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url, timeout_s=SOON_S) as given:
            await given.attempt("success")
            async with hanging(own_valkey):
                assert (await given.attempt("success")).source == "local"
            assert (await given.attempt("success")).source == "local"
            given.clock.go_on(SKIP_S + 0.01)
            assert (await given.attempt("success")).source == "shared"
            assert given.source_shown() == "shared"

    asyncio.run(walk())


def test_a_server_that_never_answers_is_asked_once_a_second_by_one_command_each(tmp_path):
    async def walk() -> None:
        asked = []

        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while block := await reader.read(65_536):
                asked.append(block.count(b"EVALSHA"))
            writer.close()

        address = tmp_path / "s"
        async with await asyncio.start_unix_server(swallow, address):
            async with house(f"unix://{address}", timeout_s=0.05) as given:
                for _ in range(3):
                    for _ in range(10):
                        assert (await given.attempt("success")).source == "local"
                    given.clock.go_on(SKIP_S)
                assert given.metric('penstock_happenings_total{what="breaker_errors"}') == 3
            assert sum(asked) == 3
            assert given.events() == ["breaker.redis_failed"]

    asyncio.run(walk())


def test_an_own_breaker_that_is_open_keeps_denying_when_redis_is_back_until_its_wait_is_over(
    own_valkey: EmbeddedValkey,
):
    async def walk() -> None:
        async with house(own_valkey.url, timeout_s=SOON_S) as given:
            await given.attempt("success")
            async with hanging(own_valkey):
                await given.open()
            given.clock.go_on(OPEN_S - 1)
            denied = await given.breaker.permit()
            assert (denied.allowed, denied.source, denied.retry_after_s) == (False, "local", 1)
            assert await given.breaker.state() == OPEN
            given.clock.go_on(1)
            allowed = await given.breaker.permit()
            assert (allowed.allowed, allowed.source, allowed.probe_id) == (True, "shared", None)
            assert await given.breaker.state() == CLOSED

    asyncio.run(walk())


def test_a_redis_that_comes_and_goes_does_not_end_the_wait_of_the_own_breaker(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url, timeout_s=SOON_S) as given:
            early, earlier = await given.breaker.permit(), await given.breaker.permit()
            async with hanging(own_valkey):
                await given.open()
            given.clock.go_on(SKIP_S)
            await given.breaker.report(earlier, "neutral")  # Redis answers, and shows a closed breaker
            async with hanging(own_valkey):
                await given.breaker.report(early, "neutral")
                assert given.metric('penstock_happenings_total{what="breaker_errors"}') == 2
                denied = await given.breaker.permit()
                assert (denied.allowed, denied.source) == (False, "local")

    asyncio.run(walk())


def test_a_shared_breaker_that_is_open_denies_though_the_own_one_was_closed(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with (
            house(own_valkey.url, timeout_s=SOON_S) as given,
            house(own_valkey.url, model=given.model, clock=given.clock) as other,
        ):
            async with hanging(own_valkey):
                assert (await given.attempt("success")).source == "local"
            await other.open()
            given.clock.go_on(SKIP_S)
            denied = await given.breaker.permit()
            assert (denied.allowed, denied.source, denied.retry_after_s) == (False, "shared", OPEN_S - SKIP_S)

    asyncio.run(walk())


def test_a_flushed_redis_means_closed_and_the_probe_of_before_does_not_count(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as given, admin_of(own_valkey) as admin:
            probe = await given.half_open()
            await admin.flushall()
            assert (await given.breaker.permit()).epoch == 0
            assert await given.breaker.state() == CLOSED
            await given.breaker.report(probe, "failure")
            assert given.metric("circuit_breaker_late_results_total") == 1
            assert await given.attempts(*["failure"] * 6) == [True] * 5 + [False]

    asyncio.run(walk())


def test_a_flushed_script_is_sent_again_and_nothing_is_forgotten(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as given, admin_of(own_valkey) as admin:
            probe = await given.half_open()
            await admin.script_flush()
            await given.breaker.report(probe, "success")
            await admin.script_flush()
            assert (await given.attempt("success")).source == "shared"
            assert await given.breaker.state() == CLOSED
            assert given.metric('penstock_happenings_total{what="breaker_errors"}') == 0

    asyncio.run(walk())


async def _read_only(admin: Redis, *, on: bool) -> None:
    await admin.execute_command("REPLICAOF", *(("127.0.0.1", "1") if on else ("NO", "ONE")))


async def _full(admin: Redis, *, on: bool) -> None:
    await admin.config_set("maxmemory", "1" if on else "256mb")


@pytest.mark.parametrize("refuses_writes", [_read_only, _full])
def test_where_redis_refuses_to_write_failures_are_counted_here_and_still_open_it(
    own_valkey: EmbeddedValkey, refuses_writes
):
    async def walk() -> None:
        async with house(own_valkey.url) as given, admin_of(own_valkey) as admin:
            await given.attempts(*["failure"] * 2)
            await refuses_writes(admin, on=True)
            for _ in range(3):
                assert (await given.attempt("failure")).allowed
                given.clock.go_on(SKIP_S)  # so that each of them finds Redis readable again
            assert not await given.allowed()
            await refuses_writes(admin, on=False)
            given.clock.go_on(OPEN_S)
            assert (await given.attempt("success")).source == "shared"
            assert await given.breaker.state() == CLOSED

    asyncio.run(walk())


def test_a_key_of_another_kind_under_our_name_does_not_stop_the_service(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as given, admin_of(own_valkey) as admin:
            await admin.set(f"cb:{{claude:{given.model}}}", "poisoned")
            assert await given.attempts(*["failure"] * 6) == [True] * 5 + [False]
            assert given.source_shown() == "local"

    asyncio.run(walk())


def test_each_model_has_one_key_of_its_own_and_it_never_expires(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as one, house(own_valkey.url, clock=one.clock) as other:
            await one.open()
            assert await other.allowed()
            await other.attempt("failure")
            async with admin_of(own_valkey) as admin:
                keys = await admin.keys("*")
                assert sorted(keys) == sorted(f"cb:{{claude:{each.model}}}".encode() for each in (one, other))
                assert {await admin.ttl(key) for key in keys} == {-1}

    asyncio.run(walk())


def test_many_who_ask_at_once_after_the_wait_get_one_probe(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        async with house(own_valkey.url) as one, house(own_valkey.url, model=one.model, clock=one.clock) as other:
            await one.open()
            one.clock.go_on(OPEN_S)
            asking = [each.breaker.permit() for _ in range(50) for each in (one, other)]
            permits = await asyncio.gather(*asking)
            assert sum(each.allowed for each in permits) == 1
            assert {each.state for each in permits} == {HALF_OPEN}

    asyncio.run(walk())


def test_without_a_clock_of_the_test_the_time_is_that_of_redis(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        breaker = RedisBreaker(own_valkey.url, "m", BreakerLimits(), timeout_s=PATIENT_S)
        async with admin_of(own_valkey) as admin:
            before = await _time(admin)
            rulings = [await breaker.report(0, None, "failure") for _ in range(5)]
            assert before <= rulings[0].now <= rulings[-1].now <= await _time(admin)
            assert rulings[-1].view.until == rulings[-1].now + OPEN_S * 1_000_000
            assert 0 < (await breaker.permit("x")).wait <= OPEN_S * 1_000_000
        await breaker.close()

    asyncio.run(walk())


async def _time(admin: Redis) -> int:
    seconds, rest = await admin.time()
    return int(seconds) * 1_000_000 + int(rest)


def test_an_address_that_is_none_is_named():
    with pytest.raises(InvalidConfiguration, match="unix://"):
        RedisBreaker("http://localhost", "m", BreakerLimits())
