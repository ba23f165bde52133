"""What was promised is finished by whoever comes: rows 72, 91, 92 and 93 of the fault matrix, and BEHAVIOUR.md §2.1."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pytest
from record_parts import Tables, plan, request, run
from recovery_parts import CLAIMED_A_DAY_AGO, Bench, bench, emptied, no_answer, order_to
from wire import wire

from penstock.database import embedded_postgres
from penstock.database.connections import PoolLimits, open_database
from penstock.database.migrations import migrate
from penstock.database.postgres import PostgresRecords
from penstock.database.recoveries import PostgresRecoveries
from penstock.database.recovery_ports import SavedPlan
from penstock.delivery.ports import CommitOrder, HostRefused
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Caller, Status
from penstock.errors import DatabaseFailed, IdempotencyConflict, NotWaiting
from penstock.pipelines.finishing import BACKOFF_S
from penstock.pipelines.recovery import MOST_RECOVERIES
from penstock.pipelines.upkeep import Upkeep

ANN = Caller("acme", "ann", frozenset())


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """Return a database with nothing in it: a reconciler looks at all there is."""
    run(emptied(postgres_dsn))
    return postgres_dsn


def test_a_promise_whose_worker_is_gone_is_finished_once_with_one_row_per_step(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            scan = await all_.reconciler().scan()
            again = await all_.reconciler().scan()
            await all_.check_trail(claim)
            return scan, again, await all_.tables.one(claim), all_.host.commits(claim.pipeline_id)

    scan, again, row, commits = run(walk())
    assert (scan.taken, scan.active, again.taken, commits) == (1, 1, 0, 1)
    assert (row["status"], row["lease_until"], row["attempt_no"]) == ("active", None, 1)


def test_what_somebody_works_on_and_what_is_not_due_are_left_alone(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            busy, waiting = await all_.promised("acme/busy"), await all_.promised("acme/waiting")
            await all_.recoveries.pend(waiting, retry_in_s=60, detail="x", response={})
            return (await all_.reconciler().scan()).taken, await all_.status(busy), await all_.status(waiting)

    assert run(walk()) == (0, "generated", "github_pending")


def test_waits_grow_as_specified_and_a_host_that_names_a_time_is_obeyed(dsn: str):
    async def walk():
        waits = []
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            all_.host.away = no_answer()
            for _ in range(len(BACKOFF_S) + 1):
                assert (await all_.reconciler().scan()).pending == 1
                waits.append(await waits_s(all_, claim.pipeline_id))
                await all_.due()
            all_.host.away = no_answer(time.time() + 5_000)
            await all_.reconciler().scan()
            waits.append(await waits_s(all_, claim.pipeline_id))
            await all_.check_trail(claim)
            await all_.due()
            all_.host.away = None
            await all_.reconciler().scan()
            return waits, await all_.status(claim), all_.host.commits(claim.pipeline_id)

    waits, status, commits = run(walk())
    assert waits == pytest.approx([*BACKOFF_S, BACKOFF_S[-1], 5_000], abs=3)
    assert (status, commits) == ("active", 1)


async def waits_s(all_: Bench, pipeline_id: str) -> float:
    row = await all_.tables.fetch(
        "SELECT extract(EPOCH FROM next_retry_at - updated_at)::float8 AS wait FROM pipelines WHERE pipeline_id::text = $1",
        pipeline_id,
    )
    return float(row[0]["wait"])


def test_a_worker_that_was_taken_over_changes_nothing_any_more(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            zombie = await all_.left_behind()
            (taken,) = await all_.recoveries.take()
            before = dict(await all_.tables.one(zombie))
            for write in (
                lambda: all_.records.finish(zombie, Status.ACTIVE),
                lambda: all_.recoveries.pend(zombie, retry_in_s=1, detail="x", response={}),
                lambda: all_.recoveries.save_plan(zombie, SavedPlan("acme/shop", "main", "a", "b")),
                lambda: all_.recoveries.begin(zombie),
            ):
                with pytest.raises(IdempotencyConflict):
                    await write()
            await all_.records.fail(zombie, code="x", detail="y")
            await all_.recoveries.put_off(zombie, retry_in_s=1, forgiven=True)
            assert not await all_.recoveries.renew(zombie)
            assert dict(await all_.tables.one(zombie)) == before
            await all_.records.finish(taken.claim, Status.ACTIVE)
            return await all_.recoveries.plans(zombie.pipeline_id)

    assert run(walk()) == []


def test_row_92_a_worker_that_wakes_up_after_another_has_finished_commits_nothing(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            asleep, awake = asyncio.Event(), asyncio.Event()

            async def sleeps_once(_order: CommitOrder) -> None:
                if not asleep.is_set():
                    asleep.set()
                    await awake.wait()

            claim = await all_.left_behind()
            all_.host.before = sleeps_once
            zombie = asyncio.create_task(all_.reconciler().scan())
            await asyncio.wait_for(asleep.wait(), 10)
            await all_.due()
            second = await all_.reconciler().scan()
            awake.set()
            first = await zombie
            await all_.check_trail(claim)
            return first, second, all_.host.commits(claim.pipeline_id), await all_.tables.one(claim)

    first, second, commits, row = run(walk())
    assert (first.active, second.active, commits) == (0, 1, 1)
    assert (row["status"], row["lease_epoch"]) == ("active", 3)


def test_row_91_a_record_that_kills_its_workers_is_parked_and_the_others_are_finished(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            poison = await all_.left_behind("acme/poison")
            others = [await all_.left_behind(f"acme/n{number}") for number in range(8)]
            reached = asyncio.Event()

            async def kills(order: CommitOrder) -> None:
                if order.repository.name == "poison":
                    reached.set()
                    await asyncio.Event().wait()

            all_.host.before = kills
            deaths, finished_after = 0, None
            while await all_.status(poison) == "generated" and deaths < 20:
                reached.clear()
                scan = asyncio.create_task(all_.reconciler().scan())
                dead = asyncio.create_task(reached.wait())
                await asyncio.wait({scan, dead}, return_when=asyncio.FIRST_COMPLETED)
                if reached.is_set():
                    deaths += 1
                for task in (scan, dead):
                    task.cancel()
                await asyncio.wait({scan, dead})
                if finished_after is None and all([await all_.status(each) == "active" for each in others]):
                    finished_after = deaths
                await all_.due()
            for each in (poison, *others):
                await all_.check_trail(each)
            once = [all_.host.commits(each.pipeline_id) for each in others]
            return deaths, finished_after, await all_.tables.one(poison), once

    deaths, finished_after, row, once = run(walk())
    assert deaths == MOST_RECOVERIES
    assert finished_after is not None
    assert finished_after <= 3
    assert (row["status"], row["failure_code"], once) == ("github_failed", "poison", [1] * 8)


@pytest.mark.parametrize(("table", "refuses"), [("pipelines", "status <> 'active'"), ("commit_plans", "false")])
def test_a_failing_database_is_not_counted_against_a_record(dsn: str, table: str, refuses: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            await all_.tables.fetch(f"ALTER TABLE {table} ADD CONSTRAINT never CHECK ({refuses}) NOT VALID")
            try:
                for _ in range(MOST_RECOVERIES + 2):
                    await all_.reconciler().scan()
                    await all_.due()
            finally:
                await all_.tables.fetch(f"ALTER TABLE {table} DROP CONSTRAINT never")
            await all_.reconciler().scan()
            return await all_.status(claim), all_.host.commits(claim.pipeline_id)

    assert run(walk()) == ("active", 1)


def test_row_72_a_database_that_restarts_under_a_scan_costs_nothing_but_time():
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)
        server = embedded_postgres.start(Path(folder) / "data")
        running = [server]
        run(migrate(server.dsn))

        async def walk():
            async with bench(server.dsn) as all_:
                claims = [await all_.left_behind(f"acme/n{number}") for number in range(12)]

                async def restarts(_order: CommitOrder) -> None:
                    if all_.host.deliveries == 3:
                        running.pop().close()
                        running.append(embedded_postgres.start(Path(folder) / "data"))

                all_.host.before = restarts
                for _ in range(20):
                    try:
                        await all_.reconciler().scan()
                    except DatabaseFailed:
                        continue
                    await all_.due()
                    if (await all_.recoveries.live()).count == 0:
                        break
                for claim in claims:
                    await all_.check_trail(claim)
                return [(await all_.status(each), all_.host.commits(each.pipeline_id)) for each in claims]

        try:
            assert run(walk()) == [("active", 1)] * 12
        finally:
            running[0].close()


def test_what_one_scan_drops_the_next_one_finds(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            claim = await all_.left_behind()
            begun = asyncio.Event()

            async def is_cut_off(_order: CommitOrder) -> None:
                begun.set()
                await asyncio.Event().wait()

            all_.host.before = is_cut_off
            scan = asyncio.create_task(all_.reconciler().scan())
            await asyncio.wait_for(begun.wait(), 10)
            scan.cancel()
            await asyncio.wait({scan})
            all_.host.before = None
            early = await all_.reconciler().scan()
            await all_.due()
            return early.taken, (await all_.reconciler().scan()).active, await all_.status(claim)

    assert run(walk()) == (0, 1, "active")


def test_leases_of_records_that_wait_for_their_turn_are_kept(dsn: str):
    async def walk():
        async with bench(dsn, lease_s=0.6) as all_:
            for number in range(6):
                await all_.left_behind(f"acme/n{number}")
            seen = []

            async def takes_longer_than_a_lease(_order: CommitOrder) -> None:
                await all_.tables.fetch("SELECT pg_sleep(0.9)")
                seen.append(len(await all_.recoveries.take()))

            all_.host.before = takes_longer_than_a_lease
            scan = await all_.reconciler(renew_s=0.1).scan()
            return scan.active, seen

    assert run(walk()) == (6, [0] * 6)


def test_two_reconcilers_share_the_work_and_do_nothing_twice(dsn: str):
    async def walk():
        async with bench(dsn) as all_, bench(dsn) as other:
            other.host = all_.host
            claims = [await all_.left_behind(f"acme/n{number}") for number in range(30)]
            scans = []
            while (await all_.recoveries.live()).count:
                scans += await asyncio.gather(all_.reconciler().scan(), other.reconciler().scan())
            for claim in claims:
                await all_.check_trail(claim)
            return scans, all_.host.deliveries, {all_.host.commits(each.pipeline_id) for each in claims}

    scans, deliveries, commits = run(walk())
    assert (sum(scan.taken for scan in scans), deliveries, commits) == (30, 30, {1})


def test_a_reconciler_with_its_hands_full_does_not_rest(dsn: str):
    async def walk():
        async with bench(dsn) as all_:
            for number in range(7):
                await all_.left_behind(f"acme/n{number}")
            running = asyncio.create_task(all_.reconciler(every_s=3600, limit=3).run())
            async with asyncio.timeout(20):
                while (await all_.recoveries.live()).count:
                    await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait({running})
            return all_.host.deliveries

    assert run(walk()) == 7


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
