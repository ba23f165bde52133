"""How promises end that nobody could keep, and what their users can do about them (BEHAVIOUR.md §2.1)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from record_parts import Tables, plan, request, run
from recovery_parts import CLAIMED_A_DAY_AGO, bench, emptied, no_answer, order_to
from wire import wire

from penstock.database.connections import PoolLimits, open_database
from penstock.database.postgres import PostgresRecords
from penstock.database.recoveries import PostgresRecoveries
from penstock.delivery.ports import HostRefused
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Caller, Status
from penstock.errors import NotWaiting
from penstock.pipelines.upkeep import Upkeep

ANN = Caller("acme", "ann", frozenset())


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """Return a database with nothing in it: a reconciler looks at all there is."""
    run(emptied(postgres_dsn))
    return postgres_dsn


def test_after_a_day_a_promise_has_one_more_try_and_is_given_up(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            lucky, unlucky = await all_.left_behind("acme/lucky"), await all_.left_behind("acme/unlucky")
            for claim in (lucky, unlucky):
                await all_.tables.fetch(
                    CLAIMED_A_DAY_AGO.format("promised_at"), (await all_.tables.one(claim))["pipeline_id"]
                )
            all_.host.verdicts["acme/unlucky"].append(no_answer())
            scan = await all_.reconciler().scan()
            return scan, await all_.status(lucky), await all_.tables.one(unlucky)

    scan, lucky, row = run(walk())
    assert (scan.active, scan.failed, lucky) == (1, 1, "active")
    assert (row["status"], row["failure_code"]) == ("github_failed", "exhausted")


def test_the_day_is_counted_from_the_promise_and_not_from_the_first_request(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            await all_.tables.fetch(
                CLAIMED_A_DAY_AGO.format("created_at"), (await all_.tables.one(claim))["pipeline_id"]
            )
            all_.host.away = no_answer()
            return (await all_.reconciler().scan()).pending

    assert run(walk()) == 1


def test_what_was_never_promised_is_given_back_after_the_grace_and_never_generated(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            asked, drafted = request(), request()
            claims = [await all_.records.claim(asked), await all_.records.claim(drafted)]
            claims[1] = await all_.records.draft(claims[1], {"changes": {}}, ModelUse("m", ()))
            for claim in claims:
                await all_.tables.end_lease(claim)
            early = await all_.reconciler().scan()
            await all_.tables.fetch("UPDATE pipelines SET lease_until = now() - interval '61 seconds'")
            late = await all_.reconciler().scan()
            rows = [await all_.tables.one(claim) for claim in claims]
            for claim in claims:
                await all_.check_trail(claim)
            resumed = [await all_.records.claim(asked), await all_.records.claim(drafted)]
            return early, late, rows, claims, resumed

    early, late, rows, claims, resumed = run(walk())
    assert (early.abandoned, late.abandoned, late.taken) == (0, 2, 0)
    assert {(row["status"], row["failure_code"]) for row in rows} == {("failed", "interrupted")}
    assert [each.pipeline_id for each in resumed] == [each.pipeline_id for each in claims]
    assert [each.status for each in resumed] == [Status.ACCEPTED, Status.DRAFTED]
    assert resumed[1].draft == {"changes": {}}


def test_a_draft_nobody_came_back_for_is_wiped_after_a_day_and_told(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.records.claim(request())
            claim = await all_.records.draft(claim, {"changes": {}}, ModelUse("m", ()))
            await all_.tables.fetch(
                "UPDATE pipelines SET lease_until = now() - interval '1 s', updated_at = now() - interval '25 hours'"
            )
            scan = await all_.reconciler().scan()
            await all_.check_trail(claim)
            return scan.expired, await all_.tables.one(claim)

    expired, row = run(walk())
    assert (expired, row["status"], row["failure_code"], row["draft"]) == (1, "failed", "expired", None)


def test_a_refused_delivery_is_taken_up_again_by_its_user_and_has_a_day_again(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            all_.host.verdicts["acme/shop"].append(HostRefused("protected", "It is protected."))
            await all_.reconciler().scan()
            refused = await all_.status(claim)
            await all_.tables.fetch(
                CLAIMED_A_DAY_AGO.format("promised_at"), (await all_.tables.one(claim))["pipeline_id"]
            )
            all_.host.away = no_answer()
            upkeep = Upkeep(all_.records, all_.recoveries, all_.finishing())
            ended = await upkeep.commit(ANN, claim.pipeline_id)
            await all_.due()
            still = await all_.reconciler().scan()
            await all_.due()
            all_.host.away = None
            done = await upkeep.commit(ANN, claim.pipeline_id)
            with pytest.raises(NotWaiting):
                await upkeep.commit(ANN, claim.pipeline_id)
            await all_.check_trail(claim)
            return refused, ended.status, still.pending, done.status, all_.host.commits(claim.pipeline_id)

    assert run(walk()) == ("github_failed", Status.GITHUB_PENDING, 1, Status.ACTIVE, 1)


def test_a_delivery_is_called_off_only_while_nothing_of_it_can_be_in_the_repository(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            untouched, planned = await all_.left_behind("acme/a"), await all_.left_behind("acme/b")
            all_.host.away = no_answer()
            await all_.reconciler().scan()
            await all_.due()
            upkeep = Upkeep(all_.records, all_.recoveries, all_.finishing())
            await all_.recoveries.take_waiting("acme", planned.pipeline_id)
            with pytest.raises(NotWaiting):  # somebody works on it
                await upkeep.cancel(ANN, planned.pipeline_id)
            await all_.due()
            all_.host.away = None
            all_.host.verdicts["acme/b"].append(no_answer())
            await upkeep.commit(ANN, planned.pipeline_id)
            with pytest.raises(NotWaiting, match="planned"):
                await upkeep.cancel(ANN, planned.pipeline_id)
            cancelled = await upkeep.cancel(ANN, untouched.pipeline_id)
            await all_.due()
            await all_.reconciler().scan()
            return (
                cancelled.status,
                await all_.status(untouched),
                all_.host.commits(untouched.pipeline_id),
                await all_.status(planned),
            )

    assert run(walk()) == (Status.CANCELLED, "cancelled", 0, "active")


@pytest.mark.parametrize("lost", [1, 2])
def test_row_62_an_answer_lost_on_the_way_does_not_put_a_promise_off_twice(dsn: str, lost: int):
    async def walk():
        with tempfile.TemporaryDirectory() as folder:
            async with (
                wire(dsn, Path(folder)) as line,
                open_database(line.dsn, PoolLimits(least=1, most=1)) as database,
            ):
                records, recoveries = PostgresRecords(database), PostgresRecoveries(database)
                for _ in range(2):  # the first prepares every statement
                    claim = await records.promise(await records.claim(request()), plan(), order_to("acme/shop"))
                    line.lose = lost if _ else 0
                    await recoveries.pend(claim, retry_in_s=15, detail="away", response={})
                return await Tables(dsn).one(claim), line.lost, await Tables(dsn).counted(claim)

    row, swallowed, counted = run(walk())
    assert swallowed == lost
    assert (row["status"], row["version"], row["delivery_attempts"]) == ("github_pending", 3, 1)
    assert (counted["audit_logs"], counted["outbox"]) == (3, 2)


def test_row_93_what_a_later_version_adds_to_a_record_does_not_disturb(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            await all_.tables.fetch("ALTER TABLE pipelines ADD COLUMN of_tomorrow integer NOT NULL DEFAULT 7")
            try:
                await all_.tables.fetch(
                    'UPDATE pipelines SET delivery = (delivery::jsonb || \'{"of_tomorrow": {"a": 1}}\')::json,'
                    " promised_at = NULL"
                )
                await all_.reconciler().scan()
                found = await all_.records.get("acme", claim.pipeline_id)
                listed = await all_.records.list("acme")
                fresh = await all_.promised("acme/later")
            finally:
                await all_.tables.fetch("ALTER TABLE pipelines DROP COLUMN of_tomorrow")
            return found.status, len(listed), await all_.status(fresh)

    assert run(walk()) == (Status.ACTIVE, 1, "generated")


def test_how_long_the_oldest_promise_has_waited_is_told(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            none = await all_.recoveries.live()
            claim = await all_.promised()
            await all_.tables.fetch(
                CLAIMED_A_DAY_AGO.format("promised_at"), (await all_.tables.one(claim))["pipeline_id"]
            )
            return none, await all_.recoveries.live()

    none, one = run(walk())
    assert (none.count, none.oldest_s, one.count) == (0, 0, 1)
    assert one.oldest_s == pytest.approx(25 * 3600, abs=60)
