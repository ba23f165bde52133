"""generate() over the real record: what is written when, and what the same key gets the second time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from record_parts import SMALL, Tables, plan, run

from penstock.archive.service import Archive
from penstock.database import embedded_postgres
from penstock.database.connections import open_database
from penstock.database.migrations import migrate
from penstock.database.postgres import PostgresRecords
from penstock.database.recoveries import PostgresRecoveries
from penstock.domain.artifacts import Artifact
from penstock.domain.pipelines import Caller, GeneratePipeline, Options, PipelineResult, Plan, Status
from penstock.errors import (
    DatabaseFailed,
    DeliveryFailed,
    IdempotencyConflict,
    IdempotencyKeyReused,
    PenstockError,
    PolicyViolations,
    SkillNotFound,
    Unavailable,
)
from penstock.kit.clock import SystemClock
from penstock.object_storage.buckets import open_objects
from penstock.pipelines.deliveries import Deliveries
from penstock.pipelines.finishing import Finishing
from penstock.pipelines.service import Pipelines
from penstock.surfaces.http.answers import result_answer
from penstock.surfaces.http.problems import describe
from penstock.telemetry.service import Telemetry

ANN = Caller("acme", "ann", frozenset({"pipelines:generate"}))


@dataclass
class ScriptedPlanner:
    """Plans as the test says, and counts how often it was asked: planning is the work that must not be done twice."""

    answers: list[Plan | BaseException] = field(default_factory=lambda: [plan()])
    asked: int = 0
    waits_for: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def plan(self, _caller: Caller, _command: GeneratePipeline, walk: Any, work: object, remote: object) -> Plan:
        self.asked += 1
        self.begun.set()
        with walk.stage("detect"):
            if self.waits_for:
                await self.waits_for.wait()
            answer = self.answers[min(self.asked, len(self.answers)) - 1]
            if isinstance(answer, BaseException):
                raise answer
        return answer


class AwayArchive(Archive):
    """An archive whose store is away."""

    async def store(self, pipeline_id: str, artifacts: Any) -> str:
        message = f"no place for {pipeline_id}: {len(artifacts)} files"
        raise Unavailable(message)


@dataclass
class House:
    """Pipelines over a real record, and what they stand on."""

    pipelines: Pipelines
    planner: ScriptedPlanner
    tables: Tables

    async def generate(self, **changes: Any) -> PipelineResult:
        return await self.pipelines.generate(ANN, replace(COMMAND, **changes))

    async def refusal(self, **changes: Any) -> PenstockError:
        with pytest.raises(PenstockError) as told:
            await self.generate(**changes)
        return told.value


COMMAND = GeneratePipeline("Create CI/CD pipeline for payment-api", "payment-api", files={"package.json": b"{}"})


@asynccontextmanager
async def house(dsn: str, *answers: Plan | BaseException, archive: type[Archive] = Archive) -> AsyncIterator[House]:
    planner = ScriptedPlanner(list(answers) or [plan()])
    async with open_database(dsn, SMALL) as database:
        records = PostgresRecords(database)
        pipelines = Pipelines(
            planner=planner,  # type: ignore[arg-type]
            gate=None,  # type: ignore[arg-type]
            deliveries=Deliveries(),
            telemetry=Telemetry(),
            clock=SystemClock(),
            records=records,
            finishing=Finishing(
                records,
                PostgresRecoveries(database),
                Telemetry(),
                SystemClock(),
                archive=archive(open_objects("memory:///"), Telemetry()),
            ),
        )
        yield House(pipelines, planner, Tables(dsn))


def test_the_same_key_gets_the_bytes_of_the_first_answer_and_no_work_is_done(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn) as this:
            first = await this.generate(idempotency_key="same")
            again = await this.generate(idempotency_key="same")
            counted = await this.tables.fetch(
                "SELECT count(*) FROM audit_logs WHERE pipeline_id = $1", uuid.UUID(first.pipeline_id)
            )
            return first, again, this.planner.asked, counted[0][0]

    first, again, asked, audited = run(walk())
    sent, replayed = result_answer(first), result_answer(again)
    assert (replayed.response().body, replayed.status) == (sent.response().body, 201)
    assert replayed.headers == {**sent.headers, "Idempotency-Replayed": "true"}
    assert (asked, audited) == (1, 3)


def test_row_92_who_was_taken_over_answers_what_the_record_says(postgres_dsn: str):
    async def walk():
        async def overtaken(_archive: Archive, pipeline_id: str, _artifacts: Any) -> str:
            row = await this.tables.one(pipeline_id)
            await this.tables.fetch(
                "UPDATE pipelines SET lease_until = now() - interval '1 second' WHERE pipeline_id = $1",
                row["pipeline_id"],
            )
            finishing = this.pipelines.finishing
            taken = {each.claim.pipeline_id: each.claim for each in await finishing.recoveries.take(limit=100)}
            other = {"pipeline_id": pipeline_id, "status": "active", "by": "somebody else"}
            await finishing.records.finish(taken[pipeline_id], Status.ACTIVE, response=other)
            return "stored"

        async with house(postgres_dsn, archive=type("Overtaken", (Archive,), {"store": overtaken})) as this:
            result = await this.generate()
            return result, await this.tables.counted(result.pipeline_id)

    result, counted = run(walk())
    assert (result.status, result.replayed["by"]) == (Status.ACTIVE, "somebody else")
    assert counted == {"pipeline_artifacts": 2, "audit_logs": 3, "usage_events": 1, "outbox": 2}


def test_requests_without_a_key_are_never_the_same(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn) as this:
            return {(await this.generate()).pipeline_id for _ in range(3)}

    assert len(run(walk())) == 3


@pytest.mark.parametrize(
    "change", [{"intent": "something else"}, {"files": {"package.json": b"[]"}}, {"options": Options(target="gke")}]
)
def test_the_same_key_for_another_request_is_refused(postgres_dsn: str, change: dict[str, Any]):
    async def walk():
        key = uuid.uuid4().hex
        async with house(postgres_dsn) as this:
            await this.generate(idempotency_key=key)
            return await this.refusal(idempotency_key=key, **change), this.planner.asked

    problem, asked = run(walk())
    assert (type(problem), asked) == (IdempotencyKeyReused, 1)


def test_a_refused_pipeline_keeps_its_verdict_and_nothing_else(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn, plan(denied=True)) as this:
            problem = await this.refusal()
            pipeline_id = problem.extra["pipeline_id"]
            (outbox,) = await this.tables.fetch(
                "SELECT kind FROM outbox WHERE pipeline_id = $1", uuid.UUID(pipeline_id)
            )
            return problem, await this.tables.one(pipeline_id), outbox, await this.pipelines.artifacts(ANN, pipeline_id)

    problem, row, outbox, artifacts = run(walk())
    assert isinstance(problem, PolicyViolations)
    assert (row["status"], row["failure_code"]) == ("rejected", "policy-violation")
    assert row["failure_detail"] == "security.secrets.hardcoded_credential"
    assert (outbox["kind"], artifacts) == ("pipeline.rejected", ())


def test_a_refusal_is_told_again_byte_for_byte(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn, plan(denied=True)) as this:
            first = await this.refusal(idempotency_key="refused")
            again = await this.refusal(idempotency_key="refused")
            row = await this.tables.one(first.extra["pipeline_id"])
            return first, again, row["trace_id"], this.planner.asked

    first, again, trace_id, asked = run(walk())
    told = describe(again, "another trace id")
    assert told.body == describe(first, trace_id).body
    assert (told.status, asked) == (422, 1)
    assert (b"idempotency-replayed", b"true") in told.headers


def test_a_failure_before_the_promise_is_resumed_by_the_same_key(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn, SkillNotFound(), plan()) as this:
            failed = await this.refusal(idempotency_key="resumed")
            (row,) = await this.tables.fetch("SELECT * FROM pipelines WHERE idem_key = 'resumed'")
            return failed, row, await this.generate(idempotency_key="resumed")

    failed, row, result = run(walk())
    assert (type(failed), row["status"], row["failure_code"]) == (SkillNotFound, "failed", "skill-not-found")
    assert (result.pipeline_id, result.status) == (str(row["pipeline_id"]), Status.ACTIVE)


def test_a_request_that_was_cancelled_is_resumed_by_the_same_key(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn) as this:
            this.planner.waits_for = asyncio.Event()
            working = asyncio.create_task(this.generate(idempotency_key="gone"))
            await this.planner.begun.wait()
            in_flight = await this.refusal(idempotency_key="gone")
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            (row,) = await this.tables.fetch("SELECT * FROM pipelines WHERE idem_key = 'gone'")
            this.planner.waits_for.set()
            return in_flight, row, await this.generate(idempotency_key="gone")

    in_flight, row, result = run(walk())
    assert isinstance(in_flight, IdempotencyConflict)
    assert in_flight.extra["pipeline_id"] == str(row["pipeline_id"])
    assert (row["status"], row["failure_code"]) == ("failed", "interrupted")
    assert (result.pipeline_id, result.status) == (str(row["pipeline_id"]), Status.ACTIVE)


def test_a_bug_leaves_a_record_the_same_key_resumes(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn, ZeroDivisionError(), plan()) as this:
            with pytest.raises(ZeroDivisionError):
                await this.generate(idempotency_key="bug")
            return await this.generate(idempotency_key="bug")

    assert run(walk()).status is Status.ACTIVE


def test_a_delivery_that_failed_keeps_the_files_and_is_told_again_byte_for_byte(postgres_dsn: str, tmp_path: Path):
    (tmp_path / "repo").mkdir()
    asked = {
        "local_path": str(tmp_path / "repo"),
        "options": Options(delivery="branch"),
        "idempotency_key": "undelivered",
    }

    async def walk():
        async with house(postgres_dsn) as this:
            first = await this.refusal(**asked)
            again = await this.refusal(**asked)
            pipeline_id = first.extra["pipeline_id"]
            return first, again, await this.tables.one(pipeline_id), await this.pipelines.artifacts(ANN, pipeline_id)

    first, again, row, artifacts = run(walk())
    assert type(first) is type(again)
    assert (row["status"], row["failure_code"]) == ("github_failed", first.slug)
    assert describe(again, "another trace id").body == describe(first, row["trace_id"]).body
    assert {each.path for each in artifacts} == {each.path for each in plan().artifacts}


def test_files_in_the_way_are_found_before_anything_is_promised(postgres_dsn: str, tmp_path: Path):
    (tmp_path / "cloudbuild.yaml").write_text("steps: [mine]\n")

    async def walk():
        async with house(postgres_dsn) as this:
            await this.refusal(
                local_path=str(tmp_path), options=Options(delivery="files"), idempotency_key="in the way"
            )
            return (await this.tables.fetch("SELECT * FROM pipelines WHERE idem_key = 'in the way'"))[0]

    row = run(walk())
    assert (row["status"], row["artifact_digest"]) == ("failed", None)
    assert (tmp_path / "cloudbuild.yaml").read_text() == "steps: [mine]\n"


@pytest.mark.parametrize(("archive", "state"), [(Archive, "stored"), (AwayArchive, "pending")])
def test_an_archive_that_is_away_fails_no_request(postgres_dsn: str, archive: type[Archive], state: str):
    async def walk():
        async with house(postgres_dsn, archive=archive) as this:
            result = await this.generate()
            return await this.pipelines.get(ANN, result.pipeline_id)

    found = run(walk())
    assert (found.status, found.audit_state) == (Status.ACTIVE, state)


def test_an_archive_with_other_content_is_a_conflict_of_the_record_only(postgres_dsn: str):
    class Meddled(Archive):
        async def store(self, pipeline_id: str, artifacts: Any) -> str:
            await self._objects.put_new(f"{pipeline_id}/cloudbuild.yaml", b"other")
            return await super().store(pipeline_id, artifacts)

    async def walk():
        async with house(postgres_dsn, archive=Meddled) as this:
            result = await this.generate()
            return await this.pipelines.get(ANN, result.pipeline_id)

    assert run(walk()).audit_state == "conflict"


def test_a_promise_that_cannot_be_written_is_resumed_by_the_same_key(postgres_dsn: str):
    broken = plan(Artifact("a", b"1"), Artifact("a", b"2"))

    async def walk():
        async with house(postgres_dsn, broken, plan()) as this:
            problem = await this.refusal(idempotency_key="broken")
            (row,) = await this.tables.fetch("SELECT * FROM pipelines WHERE idem_key = 'broken'")
            return problem, row, await this.generate(idempotency_key="broken")

    problem, row, result = run(walk())
    assert (type(problem), row["status"], row["failure_code"]) == (DatabaseFailed, "failed", "database-error")
    assert (result.pipeline_id, result.status) == (str(row["pipeline_id"]), Status.ACTIVE)


def test_without_a_database_no_work_is_begun(servers_folder: Path):
    server = embedded_postgres.start(servers_folder / uuid.uuid4().hex[:8])

    async def walk():
        await migrate(server.dsn)
        async with house(server.dsn) as this:
            server.close()
            return await this.refusal(), this.planner.asked

    try:
        problem, asked = run(walk())
    finally:
        server.close()
    assert (type(problem), asked) == (DatabaseFailed, 0)


def test_a_dry_run_leaves_no_record(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn) as this:
            before = await this.tables.fetch("SELECT count(*) FROM pipelines")
            result = await this.generate(options=Options(dry_run=True), idempotency_key="dry")
            return result, before == await this.tables.fetch("SELECT count(*) FROM pipelines")

    result, unchanged = run(walk())
    assert (result.pipeline_id, unchanged) == (None, True)


def test_the_record_holds_hashes_of_the_developers_files_not_the_files(postgres_dsn: str):
    async def walk():
        async with house(postgres_dsn) as this:
            result = await this.generate(files={"package.json": b'{"private": "hunter2"}'})
            return await this.tables.one(result.pipeline_id or "")

    row = run(walk())
    assert "package.json" in row["request"]
    assert "hunter2" not in str(dict(row))


def test_a_delivered_pipeline_says_where(postgres_dsn: str, tmp_path: Path):
    async def walk():
        async with house(postgres_dsn) as this:
            result = await this.generate(local_path=str(tmp_path), options=Options(delivery="files"))
            return result, await this.pipelines.get(ANN, result.pipeline_id)

    result, found = run(walk())
    assert result.delivery.written
    assert (found.status, (tmp_path / "cloudbuild.yaml").read_bytes()) == (Status.ACTIVE, b"steps: []\n")
    assert DeliveryFailed.slug not in str(found.failure_code)
