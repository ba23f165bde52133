"""What was promised is finished by whoever comes: rows 72, 91, 92 and 93 of the fault matrix, and BEHAVIOUR.md §2.1."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pytest
from record_parts import run
from recovery_parts import Bench, bench, emptied, no_answer

from penstock.database import embedded_postgres
from penstock.database.migrations import migrate
from penstock.database.recovery_ports import SavedPlan
from penstock.delivery.ports import CommitOrder
from penstock.domain.pipelines import Caller, Status
from penstock.errors import DatabaseFailed, IdempotencyConflict
from penstock.pipelines.finishing import BACKOFF_S
from penstock.pipelines.recovery import MOST_RECOVERIES

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
