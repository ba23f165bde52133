from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from record_parts import SMALL, Tables, run

from penstock.database.connections import open_database
from penstock.database.keys import KeyRow, PostgresKeys

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def key(kid: str, **changes: Any) -> dict[str, Any]:
    row = {
        "kid": kid,
        "key_hash": b"h" * 32,
        "pepper_version": 1,
        "org_id": "acme",
        "owner": "ann",
        "name": "laptop",
        "scopes": ("pipelines:read",),
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=90),
    }
    return {**row, **changes}


def test_a_key_is_found_as_it_was_stored_and_its_making_is_audited(postgres_dsn: str):
    async def walk():
        async with open_database(postgres_dsn, SMALL) as database:
            keys = PostgresKeys(database)
            made = await keys.add(**key("abcdefghijk1", allowed_cidrs=["10.0.0.0/8"]))
            return made, await keys.find("abcdefghijk1"), await keys.find("nobodynobody")

    made, found, missing = run(walk())
    assert found == made
    assert made == KeyRow(
        "abcdefghijk1", b"h" * 32, 1, "acme", "ann", "laptop", ("pipelines:read",), ("10.0.0.0/8",),
        bootstrap=False, created_at=NOW, expires_at=NOW + timedelta(days=90), last_used_at=None, revoked_at=None,
    )  # fmt: skip
    assert missing is None
    (row,) = run(Tables(postgres_dsn).fetch("SELECT action, detail FROM audit_logs WHERE action = 'key.created'"))
    assert "abcdefghijk1" in row["detail"]
    assert "hhhh" not in row["detail"]


def test_a_public_part_that_is_taken_and_a_second_bootstrap_key_are_refused(postgres_dsn: str):
    async def walk():
        async with open_database(postgres_dsn, SMALL) as database:
            keys = PostgresKeys(database)
            await keys.add(**key("abcdefghijk2", bootstrap=True))
            return await keys.add(**key("abcdefghijk2")), await keys.add(**key("abcdefghijk3", bootstrap=True))

    assert run(walk()) == (None, None)


def test_an_earlier_revocation_stands(postgres_dsn: str):
    async def walk():
        async with open_database(postgres_dsn, SMALL) as database:
            keys = PostgresKeys(database)
            await keys.add(**key("abcdefghijk4"))
            first = await keys.revoke("abcdefghijk4", NOW)
            later = await keys.revoke("abcdefghijk4", NOW + timedelta(days=1))
            return first, later, await keys.revoke("nobodynobody", NOW)

    first, later, missing = run(walk())
    assert first is not None
    assert (first.revoked_at, later, missing) == (NOW, first, None)


def test_the_last_use_is_remembered_by_the_hour(postgres_dsn: str):
    async def walk():
        async with open_database(postgres_dsn, SMALL) as database:
            keys = PostgresKeys(database)
            await keys.add(**key("abcdefghijk5"))
            for minutes in (0, 20, -90):
                await keys.touch("abcdefghijk5", NOW + timedelta(minutes=minutes))
            return await keys.find("abcdefghijk5")

    found = run(walk())
    assert found is not None
    assert found.last_used_at == NOW.replace(minute=0)


def test_keys_are_listed_by_organisation_or_all_newest_first(postgres_dsn: str):
    async def walk():
        async with open_database(postgres_dsn, SMALL) as database:
            keys = PostgresKeys(database)
            await keys.add(**key("abcdefghijk6", org_id="globex", created_at=NOW - timedelta(days=1)))
            await keys.add(**key("abcdefghijk7", org_id="globex"))
            return await keys.list("globex"), await keys.list()

    globex, everybody = run(walk())
    assert [each.kid for each in globex] == ["abcdefghijk7", "abcdefghijk6"]
    assert {each.org_id for each in everybody} >= {"globex"}
