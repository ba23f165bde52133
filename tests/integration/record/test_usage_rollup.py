"""Usage counted into days, each event exactly once, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from record_parts import Tables, run
from trail_parts import database, finished

from penstock.database.migrations import migrate
from penstock.database.usage import Usage
from penstock.domain.events import UsageDay
from penstock.pipelines.trail import UsageRounds
from penstock.telemetry.service import Telemetry, open_telemetry

TODAY = datetime.now(UTC).date()


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    made = new_database()
    run(migrate(made))
    return made


async def used(dsn: str, number: int, *, org: str = "acme", at: str = "now()") -> None:
    await Tables(dsn).fetch(
        "INSERT INTO usage_events (org_id, principal_id, pipeline_id, kind, quantity, detail, at)"  # noqa: S608 -- our own text
        f" SELECT $1, 'ann', gen_random_uuid(), 'model', 100, '{{\"micro_usd\": 7}}', {at} FROM generate_series(1, $2)",
        org, number,
    )  # fmt: skip


async def counted(dsn: str, limit: int = 1000) -> None:
    async with database(dsn) as opened:
        while await Usage(opened).roll_up(limit):
            pass


async def days(dsn: str, org: str = "acme", last: date = TODAY) -> list[UsageDay]:
    async with database(dsn) as opened:
        return list(await Usage(opened).days(org, last - timedelta(days=400), last + timedelta(days=1)))


def test_a_pipeline_and_what_its_model_cost_are_counted_by_day_and_kind(dsn: str):
    async def walk():
        await finished(dsn)
        await used(dsn, 3)
        await counted(dsn)
        return await days(dsn)

    found = {day.kind: (day.events, day.tokens, day.micro_usd) for day in run(walk())}
    assert found == {"pipeline": (1, 0, 0), "model": (3, 300, 21)}


def test_counting_again_and_in_small_batches_counts_nothing_twice(dsn: str):
    async def walk():
        await used(dsn, 10)
        await counted(dsn, limit=3)
        await counted(dsn)
        await used(dsn, 1)
        await counted(dsn)
        return await days(dsn)

    (day,) = run(walk())
    assert (day.events, day.tokens, day.micro_usd) == (11, 1100, 77)


def test_many_who_count_at_once_count_each_event_once(dsn: str):
    async def walk():
        await used(dsn, 200)
        await asyncio.gather(*(counted(dsn, limit=20) for _ in range(5)))
        await counted(dsn)
        return await days(dsn)

    (day,) = run(walk())
    assert day.events == 200


def test_an_event_that_commits_late_is_counted_although_later_ids_already_were(dsn: str):
    async def walk():
        late = await asyncpg.connect(dsn)
        transaction = late.transaction()
        await transaction.start()
        await late.execute(
            "INSERT INTO usage_events (org_id, principal_id, pipeline_id, kind)"
            " VALUES ('acme', 'ann', gen_random_uuid(), 'pipeline')"
        )
        await used(dsn, 2)
        await counted(dsn)
        await transaction.commit()
        await late.close()
        await counted(dsn)
        return await days(dsn)

    assert {day.kind: day.events for day in run(walk())} == {"pipeline": 1, "model": 2}


def test_days_are_those_of_utc_and_organisations_are_apart(dsn: str):
    async def walk():
        await used(dsn, 1, at="'2026-03-01T23:59:59.999Z'")
        await used(dsn, 1, at="'2026-03-02T00:00:00+00'")
        await used(dsn, 5, org="globex")
        await counted(dsn)
        return await days(dsn, last=date(2026, 3, 5)), await days(dsn, "globex")

    acme, globex = run(walk())
    assert [(day.day, day.events) for day in acme] == [(date(2026, 3, 2), 1), (date(2026, 3, 1), 1)]
    assert [day.events for day in globex] == [5]


def test_what_was_counted_shows_in_the_metrics(dsn: str):
    telemetry = open_telemetry(redact=lambda text: text, version="0")

    async def walk():
        await used(dsn, 4)
        async with database(dsn) as opened:
            assert not await UsageRounds(Usage(opened), telemetry).round()
            assert not await UsageRounds(Usage(opened), Telemetry()).round()

    run(walk())
    assert telemetry.metrics is not None
    shown = telemetry.metrics.exposition().decode()
    assert 'usage_events_total{kind="model"} 4.0' in shown
    assert "usage_tokens_total 400.0" in shown
    assert "usage_cost_micro_usd_total 28.0" in shown
