from __future__ import annotations

import uuid

import pytest
from record_parts import Tables, plan, records, request, run

from penstock.domain.artifacts import Artifact, digest_of
from penstock.domain.pipelines import Status
from penstock.errors import DatabaseFailed, IdempotencyConflict, PipelineNotFound

NOTHING = {"pipeline_artifacts": 0, "audit_logs": 1, "usage_events": 0, "outbox": 0}
"""After the claim: its audit row."""


def test_a_promise_records_files_audit_usage_and_event_together(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            promised = await record.promise(await record.claim(request()), plan())
        return promised, await Tables(postgres_dsn).one(promised), await Tables(postgres_dsn).counted(promised)

    promised, row, counted = run(walk())
    assert counted == {"pipeline_artifacts": 2, "audit_logs": 2, "usage_events": 1, "outbox": 1}
    assert (row["status"], row["version"], promised.version) == ("generated", 2, 2)
    assert (row["mode"], row["policy_revision"], row["decision_id"]) == ("template", "r1", "d1")
    assert row["artifact_digest"] == digest_of(plan().artifacts)


@pytest.mark.parametrize("table", ["pipeline_artifacts", "audit_logs", "usage_events", "outbox"])
def test_when_one_row_of_a_promise_cannot_be_written_none_is(postgres_dsn: str, table: str):
    async def walk():
        tables = Tables(postgres_dsn)
        async with records(postgres_dsn) as record:
            claim = await record.claim(request())
            await tables.fetch(f"ALTER TABLE {table} ADD CONSTRAINT full_up CHECK (false) NOT VALID")
            try:
                with pytest.raises(DatabaseFailed) as told:
                    await record.promise(claim, plan())
            finally:
                await tables.fetch(f"ALTER TABLE {table} DROP CONSTRAINT full_up")
            broken = await tables.one(claim), await tables.counted(claim)
            await record.promise(claim, plan())
        return broken, await tables.counted(claim), told.value

    ((row, counted), whole, problem) = run(walk())
    assert (row["status"], row["version"], counted) == ("accepted", 1, NOTHING)
    assert whole == {"pipeline_artifacts": 2, "audit_logs": 2, "usage_events": 1, "outbox": 1}
    assert problem.message == "The database failed: it refused the work with SQLSTATE 23514."


def test_a_file_named_twice_is_no_promise(postgres_dsn: str):
    async def walk():
        twice = plan(Artifact("a", b"1"), Artifact("a", b"2"))
        async with records(postgres_dsn) as record:
            claim = await record.claim(request())
            with pytest.raises(DatabaseFailed):
                await record.promise(claim, twice)
            return await Tables(postgres_dsn).counted(claim)

    assert run(walk()) == NOTHING


def test_whoever_lost_the_lease_can_change_nothing_any_more(postgres_dsn: str):
    async def walk():
        tables = Tables(postgres_dsn)
        async with records(postgres_dsn) as record:
            asked = request()
            stale = await record.claim(asked)
            await tables.end_lease(stale)
            current = await record.claim(asked)
            before = await tables.one(current), await tables.counted(current)
            with pytest.raises(IdempotencyConflict):
                await record.promise(stale, plan())
            await record.fail(stale, code="x", detail="y")
            await record.reject(stale, detail="x", decision={}, response={})
            after = await tables.one(current), await tables.counted(current)
            promised = await record.promise(current, plan())
            with pytest.raises(IdempotencyConflict):
                await record.finish(stale, Status.ACTIVE)
            await record.finish(promised, Status.ACTIVE)
            with pytest.raises(IdempotencyConflict):
                await record.finish(promised, Status.ACTIVE)
        return before, after

    before, after = run(walk())
    assert after == before


def test_a_promised_record_cannot_fail_or_be_rejected(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            promised = await record.promise(await record.claim(request()), plan())
            await record.fail(promised, code="x", detail="y")
            await record.reject(promised, detail="x", decision={}, response={})
            return await Tables(postgres_dsn).one(promised)

    assert run(walk())["status"] == "generated"


def test_finishing_keeps_the_answer_and_gives_the_lease_back(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            promised = await record.promise(await record.claim(request()), plan())
            await record.finish(
                promised,
                Status.ACTIVE,
                branch="penstock/x",
                commit_sha="c0ffee",
                audit_state="stored",
                response={"a": 1},
            )
            found = await record.get("acme", promised.pipeline_id)
        return found, await Tables(postgres_dsn).one(promised), await Tables(postgres_dsn).counted(promised)

    found, row, counted = run(walk())
    assert (found.status, found.branch, found.commit_sha, found.audit_state) == (
        Status.ACTIVE,
        "penstock/x",
        "c0ffee",
        "stored",
    )
    assert (row["response_body"], row["lease_owner"], row["lease_until"]) == ('{"a":1}', None, None)
    assert found.terminal_at is not None
    assert (counted["audit_logs"], counted["outbox"], counted["usage_events"]) == (3, 2, 1)


def test_files_come_back_as_they_were_promised(postgres_dsn: str):
    files = (Artifact("run.sh", b"#!/bin/sh\n", executable=True), Artifact("a/b.yaml", "ü: 1\n".encode()))

    async def walk():
        async with records(postgres_dsn) as record:
            claim = await record.claim(request())
            none_yet = await record.artifacts("acme", claim.pipeline_id)
            await record.promise(claim, plan(*files))
            return none_yet, await record.artifacts("acme", claim.pipeline_id)

    none_yet, found = run(walk())
    assert none_yet == ()
    assert found == tuple(sorted(files, key=lambda each: each.path))


def test_another_organisations_pipeline_does_not_exist(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            claim = await record.promise(await record.claim(request()), plan())
            for unknown in (("globex", claim.pipeline_id), ("acme", str(uuid.uuid4())), ("acme", "no id")):
                with pytest.raises(PipelineNotFound):
                    await record.get(*unknown)
                with pytest.raises(PipelineNotFound):
                    await record.artifacts(*unknown)
            return await record.list("globex")

    assert run(walk()) == []


def test_pages_run_from_the_newest_to_the_oldest(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            made = [(await record.claim(request(org_id="paged"))).pipeline_id for _ in range(5)]
            first = await record.list("paged", limit=3)
            rest = await record.list("paged", limit=3, before=first[-1].pipeline_id)
            return made, [each.pipeline_id for each in (*first, *rest)]

    made, listed = run(walk())
    assert listed == sorted(made, reverse=True)
