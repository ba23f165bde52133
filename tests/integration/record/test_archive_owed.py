"""Which copies are owed to the archive, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from record_parts import Tables, plan, records, request, run
from trail_parts import database

from penstock.archive.again import ArchiveAgain
from penstock.archive.service import Archive
from penstock.database.archiving import Archiving
from penstock.database.migrations import migrate
from penstock.database.outbox import Outbox
from penstock.database.recoveries import PostgresRecoveries
from penstock.domain.artifacts import Artifact
from penstock.domain.pipelines import Status
from penstock.errors import Unavailable
from penstock.object_storage.buckets import open_objects
from penstock.telemetry.service import Telemetry


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    made = new_database()
    run(migrate(made))
    return made


async def settled(dsn: str, audit_state: str) -> str:
    async with records(dsn) as record:
        claim = await record.promise(await record.claim(request()), plan())
        await record.finish(claim, Status.ACTIVE, audit_state=audit_state, response={})
    return claim.pipeline_id


def test_pending_copies_are_listed_oldest_first_until_they_are_settled(dsn: str):
    async def walk():
        first, _, third = [await settled(dsn, state) for state in ("pending", "stored", "pending")]
        async with database(dsn) as opened:
            archiving = Archiving(opened)
            before = list(await archiving.pending(10))
            few = list(await archiving.pending(1))
            await archiving.settle(first, "stored")
            return [first, third], before, few, list(await archiving.pending(10))

    pending, before, few, after = run(walk())
    assert before == pending
    assert few == pending[:1]
    assert after == pending[1:]


def test_a_copy_that_was_settled_stays_as_it_is(dsn: str):
    async def walk():
        pipeline_id = await settled(dsn, "conflict")
        async with database(dsn) as opened:
            await Archiving(opened).settle(pipeline_id, "stored")
        return await Tables(dsn).one(pipeline_id)

    assert run(walk())["audit_state"] == "conflict"


def test_what_somebody_works_on_is_left_to_them(dsn: str):
    async def walk():
        pipeline_id = await settled(dsn, "pending")
        await Tables(dsn).fetch("UPDATE pipelines SET lease_until = now() + interval '30 seconds'")
        async with database(dsn) as opened:
            return pipeline_id, list(await Archiving(opened).pending(10))

    assert run(walk())[1] == []


def test_the_age_of_the_oldest_owed_copy_can_be_read(dsn: str):
    async def walk():
        await settled(dsn, "pending")
        await Tables(dsn).fetch("UPDATE pipelines SET created_at = now() - interval '20 minutes'")
        async with database(dsn) as opened:
            return await Outbox(opened).backlog()

    backlog = run(walk())
    assert backlog.archive_pending == 1
    assert 1200 <= backlog.audit_pending_age_s < 1300


def test_what_is_owed_is_stored_when_the_archive_is_back_and_then_nothing_is_owed(dsn: str):
    async def walk():
        pipeline_id = await settled(dsn, "pending")
        objects = open_objects("memory:///")
        async with database(dsn) as opened:
            archiving, files = Archiving(opened), PostgresRecoveries(opened)
            away = ArchiveAgain(AwayArchive(objects, Telemetry()), archiving, files, Telemetry())
            assert not await away.round()
            assert list(await archiving.pending(10)) == [pipeline_id]
            again = ArchiveAgain(Archive(objects, Telemetry()), archiving, files, Telemetry())
            assert not await again.round()
            stored = await objects.get(f"{pipeline_id}/manifest.json")
            return stored, list(await archiving.pending(10)), (await Tables(dsn).one(pipeline_id))["audit_state"]

    stored, owed, state = run(walk())
    assert stored is not None
    assert (owed, state) == ([], "stored")


class AwayArchive(Archive):
    """An archive whose store is away."""

    async def store(self, pipeline_id: str, artifacts: Sequence[Artifact]) -> str:
        raise Unavailable(f"no place for {pipeline_id}: {len(artifacts)} files")
