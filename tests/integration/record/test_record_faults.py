from __future__ import annotations

import asyncio
import contextlib
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from record_parts import SMALL, Tables, plan, records, request, run
from wire import Wire, wire

from penstock.database import embedded_postgres
from penstock.database.connections import PoolLimits, open_database
from penstock.database.migrations import migrate
from penstock.database.postgres import PostgresRecords
from penstock.domain.pipelines import Status
from penstock.errors import DatabaseFailed, Overloaded

ONE = PoolLimits(least=1, most=1)


@dataclass
class PatientClock:
    """Sleeping takes no time, only the clock's hand moves; what was slept is written down."""

    ticks: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ticks += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def over_a_wire(dsn: str) -> AsyncIterator[tuple[PostgresRecords, Wire]]:
    """Return records whose only connection runs over a wire, every statement of theirs prepared."""
    with tempfile.TemporaryDirectory() as folder:
        async with wire(dsn, Path(folder)) as line, open_database(line.dsn, ONE) as database:
            record = PostgresRecords(database)
            asked = request()
            await record.fail(await record.claim(asked), code="x", detail="y")
            await record.finish(await record.promise(await record.claim(asked), plan()), Status.ACTIVE)
            yield record, line


@asynccontextmanager
async def failing(dsn: str, sqlstate: str, times: int) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Make the next ``times`` promises fail with an SQLSTATE; gives a function that tells how many were tried."""
    tables = Tables(dsn)
    await tables.fetch("CREATE SEQUENCE tried")
    await tables.fetch(
        f"""CREATE FUNCTION trip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('tried') <= {times} THEN RAISE EXCEPTION 'tripped' USING ERRCODE = '{sqlstate}'; END IF;
            RETURN NEW; END $$"""
    )
    await tables.fetch("CREATE TRIGGER trip BEFORE INSERT ON usage_events FOR EACH ROW EXECUTE FUNCTION trip()")

    async def tried() -> int:
        return int((await tables.fetch("SELECT last_value FROM tried"))[0][0])

    try:
        yield tried
    finally:
        await tables.fetch("DROP FUNCTION trip CASCADE")
        await tables.fetch("DROP SEQUENCE tried")


def test_a_claim_whose_answer_is_lost_is_found_again(postgres_dsn: str):
    async def walk():
        async with over_a_wire(postgres_dsn) as (record, line):
            asked, line.lose = request(), 1
            claim = await record.claim(asked)
            return line.lost, claim, await Tables(postgres_dsn).counted(claim), asked.idem_key

    lost, claim, counted, key = run(walk())
    assert (lost, claim.epoch, claim.settled, counted["audit_logs"]) == (1, 1, False, 1)
    rows = run(Tables(postgres_dsn).fetch("SELECT pipeline_id FROM pipelines WHERE idem_key = $1", key))
    assert [str(row["pipeline_id"]) for row in rows] == [claim.pipeline_id]


def test_a_takeover_whose_answer_is_lost_is_found_again(postgres_dsn: str):
    async def walk():
        async with over_a_wire(postgres_dsn) as (record, line):
            asked = request()
            await record.fail(await record.claim(asked), code="x", detail="y")
            line.spare, line.lose = 1, 1
            claim = await record.claim(asked)
            return line.lost, claim, await Tables(postgres_dsn).one(claim)

    lost, claim, row = run(walk())
    assert (lost, claim.epoch, claim.attempt_no, row["lease_owner"]) == (1, 2, 2, claim.lease_owner)


def test_a_promise_whose_answer_is_lost_counts_once(postgres_dsn: str):
    async def walk():
        async with over_a_wire(postgres_dsn) as (record, line):
            claim = await record.claim(request())
            line.lose = 1
            promised = await record.promise(claim, plan())
            await record.finish(promised, Status.ACTIVE)
            return line.lost, promised, await Tables(postgres_dsn).counted(promised)

    lost, promised, counted = run(walk())
    assert (lost, promised.version, promised.status) == (1, 2, Status.GENERATED)
    assert counted == {"pipeline_artifacts": 2, "audit_logs": 3, "usage_events": 1, "outbox": 2}


def test_a_finish_whose_answer_is_lost_counts_once(postgres_dsn: str):
    async def walk():
        async with over_a_wire(postgres_dsn) as (record, line):
            promised = await record.promise(await record.claim(request()), plan())
            line.lose = 1
            await record.finish(promised, Status.ACTIVE, response={"a": 1})
            return line.lost, await Tables(postgres_dsn).one(promised), await Tables(postgres_dsn).counted(promised)

    lost, row, counted = run(walk())
    assert (lost, row["status"], row["version"], counted["audit_logs"]) == (1, "active", 3, 3)


def test_a_look_whose_answer_is_lost_is_taken_again(postgres_dsn: str):
    async def walk():
        async with over_a_wire(postgres_dsn) as (record, line):
            claim = await record.claim(request())
            await record.get("acme", claim.pipeline_id)
            line.lose = 1
            return line, await record.get("acme", claim.pipeline_id), claim

    line, found, claim = run(walk())
    assert (line.lost, found.pipeline_id) == (1, claim.pipeline_id)


def test_a_promise_that_never_arrived_is_sent_again(postgres_dsn: str):
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    async def walk():
        killer, blocker = await asyncpg.connect(postgres_dsn), await asyncpg.connect(postgres_dsn)
        async with records(postgres_dsn) as record:
            claim = await record.claim(request())
            async with blocker.transaction():
                await blocker.execute("SELECT FROM pipelines WHERE pipeline_id = $1 FOR UPDATE", claim.pipeline_id)
                promising = asyncio.create_task(record.promise(claim, plan()))
                while not promising.done() and not await killer.fetch(kill):
                    pass
            await asyncio.gather(killer.close(), blocker.close())
            return await promising, await Tables(postgres_dsn).counted(claim)

    promised, counted = run(walk())
    assert promised.version == 2
    assert counted == {"pipeline_artifacts": 2, "audit_logs": 2, "usage_events": 1, "outbox": 1}


def test_idle_connections_that_were_killed_are_replaced_unseen(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            await asyncio.gather(*(record.ping() for _ in range(4)))
            await Tables(postgres_dsn).fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return await asyncio.gather(*(record.claim(request()) for _ in range(8)))

    assert len({claim.pipeline_id for claim in run(walk())}) == 8


def test_a_connection_is_replaced_when_its_lifetime_is_over(postgres_dsn: str):
    ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'penstock' AND datname = current_database()"

    async def walk():
        clock = PatientClock()
        async with open_database(postgres_dsn, PoolLimits(least=1, most=1, lifetime_s=1800), clock=clock) as database:
            record = PostgresRecords(database)
            seen = []
            for ticks in (0, 1799, 1):
                clock.ticks += ticks
                await record.ping()
                seen.append(max(row["pid"] for row in await Tables(postgres_dsn).fetch(ours)))
            return seen

    first, before, after = run(walk())
    assert first == before != after


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
@pytest.mark.parametrize("times", [3, 4])
def test_a_deadlock_is_tried_again_three_times(postgres_dsn: str, sqlstate: str, times: int):
    async def walk():
        clock = PatientClock()
        async with (
            open_database(postgres_dsn, SMALL, clock=clock) as database,
            failing(postgres_dsn, sqlstate, times) as tried,
        ):
            record = PostgresRecords(database)
            claim = await record.claim(request())
            with contextlib.suppress(DatabaseFailed):
                await record.promise(claim, plan())
            return await tried(), clock.slept, (await Tables(postgres_dsn).one(claim))["status"]

    tried, slept, status = run(walk())
    assert (tried, status) == (4, "generated" if times == 3 else "accepted")
    assert len(slept) == 3
    assert all(wait <= most for wait, most in zip(slept, (0.1, 0.2, 0.4), strict=True))


def test_what_the_database_refuses_is_not_tried_again(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record, failing(postgres_dsn, "22012", 1) as tried:
            with pytest.raises(DatabaseFailed):
                await record.promise(await record.claim(request()), plan())
            return await tried()

    assert run(walk()) == 1


def test_a_held_record_is_a_failure_in_time_and_leaves_the_claim_as_it_was(postgres_dsn: str):
    async def walk():
        limits = PoolLimits(least=1, most=1, statement_timeout_ms=100)
        async with open_database(postgres_dsn, limits) as database:
            record = PostgresRecords(database)
            claim = await record.claim(request())
            blocker = await asyncpg.connect(postgres_dsn)
            async with blocker.transaction():
                await blocker.execute("SELECT FROM pipelines WHERE pipeline_id = $1 FOR UPDATE", claim.pipeline_id)
                with pytest.raises(DatabaseFailed) as told:
                    await record.promise(claim, plan())
            await blocker.close()
            await record.promise(claim, plan())
            return told.value.message

    assert run(walk()) in {
        "The database failed: something else holds the record.",
        "The database failed: it did not answer in time.",
    }


def test_when_every_connection_is_lent_the_caller_is_shed(postgres_dsn: str):
    async def walk():
        tables = Tables(postgres_dsn)
        async with open_database(postgres_dsn, replace(ONE, statement_timeout_ms=10_000)) as database:
            record = PostgresRecords(database)
            claim = await record.claim(request())
            await tables.fetch(
                "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$"
            )
            await tables.fetch(
                "CREATE TRIGGER dawdle BEFORE INSERT ON usage_events FOR EACH ROW EXECUTE FUNCTION dawdle()"
            )
            promising = asyncio.create_task(record.promise(claim, plan()))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await record.get("acme", claim.pipeline_id)
            await promising
            await tables.fetch("DROP FUNCTION dawdle CASCADE")
            return await record.get("acme", claim.pipeline_id)

    assert run(walk()).status is Status.GENERATED


def test_a_stopped_server_is_a_failure_at_once_and_a_started_one_is_found_again(servers_folder: Path):
    folder = servers_folder / uuid.uuid4().hex[:8]
    server = embedded_postgres.start(folder)

    async def walk():
        nonlocal server
        await migrate(server.dsn)
        clock = PatientClock()
        async with open_database(server.dsn, SMALL, clock=clock) as database:
            record = PostgresRecords(database)
            await record.ping()
            server.close()
            with pytest.raises(DatabaseFailed) as told:
                await record.claim(request())
            waited = list(clock.slept)
            with pytest.raises(DatabaseFailed) as at_once:
                await record.claim(request())
            assert clock.slept == waited, "it tried again within the pause"
            server = embedded_postgres.start(folder)
            clock.ticks += 1
            return told.value.message, waited, at_once.value.message, await record.claim(request())

    try:
        message, waited, at_once, claim = run(walk())
    finally:
        server.close()
    assert message == "The database cannot be reached: nobody answers at its address."
    assert at_once == "The database cannot be reached: it was tried a moment ago."
    assert 0 < sum(waited) < 1
    assert claim.epoch == 1


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("postgresql://penstock:hunter2@127.0.0.1:1/x", "nobody answers at its address"),
        ("postgresql://penstock:hunter2@[broken/x", "The database's address cannot be read."),
        ("mysql://penstock:hunter2@127.0.0.1/x", "The database's address cannot be read."),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(dsn: str, says: str):
    async def opened():
        async with open_database(dsn, SMALL):
            pass

    for work in (opened, lambda: migrate(dsn)):
        with pytest.raises(DatabaseFailed) as told:
            run(work())
        assert says in told.value.message
        assert "hunter2" not in f"{told.value.message} {told.value.steps}"


def test_a_database_that_is_not_there_is_told(postgres_dsn: str):
    async def opened():
        async with open_database(postgres_dsn.replace("/test_", "/no_"), SMALL):
            pass

    with pytest.raises(DatabaseFailed, match="there is no database of that name"):
        run(opened())
