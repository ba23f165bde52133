"""Load for the rows of record and delivery: a real PostgreSQL, and a repository host in memory that answers at once."""

from __future__ import annotations

import hashlib
import resource
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_load import cpu_ms

from penstock.archive.service import Archive
from penstock.bootstrap.opener import FromSettings
from penstock.database import embedded_postgres
from penstock.database.connections import Database, PoolLimits, open_database
from penstock.database.migrations import migrate
from penstock.database.outbox import Outbox
from penstock.database.ports import ClaimRequest
from penstock.database.postgres import PostgresRecords
from penstock.database.recoveries import PostgresRecoveries
from penstock.database.recovery_ports import SavedPlan
from penstock.delivery.ports import CommitOrder, CommitPlans, Committed, Preflight, RepositoryName
from penstock.domain.deliveries import DeliveryOrder
from penstock.domain.pipelines import LOCAL_CALLER, GeneratePipeline, Options, Plan, Status
from penstock.events.local_file import LocalFile
from penstock.kit.clock import SystemClock
from penstock.object_storage.buckets import open_objects
from penstock.pipelines.answers import promised_answer
from penstock.pipelines.finishing import Finishing
from penstock.pipelines.hosted import Hosted
from penstock.pipelines.recovery import Recovery
from penstock.pipelines.relay import Relay
from penstock.telemetry.service import Telemetry

_LIMITS = PoolLimits(least=4, most=10)
_MULTIPLY = (
    """INSERT INTO pipelines (pipeline_id, idem_key, org_id, principal_id, fingerprint, request, service_name, repo)
    SELECT uuidv7(), 'copy-' || number, org_id, principal_id, fingerprint, request, service_name, repo
    FROM pipelines, generate_series(1, $2::int) AS number WHERE pipeline_id = $1""",
    """UPDATE pipelines SET
        status = 'generated', mode = one.mode, delivery = one.delivery, artifact_digest = one.artifact_digest
    FROM pipelines AS one WHERE one.pipeline_id = $1 AND pipelines.status = 'accepted'""",
    """UPDATE pipelines SET status = 'github_pending', lease_owner = NULL, lease_until = NULL
    WHERE status = 'generated' AND pipeline_id <> $1""",
    """INSERT INTO pipeline_artifacts (pipeline_id, path, content, sha256, executable)
    SELECT pipelines.pipeline_id, path, content, sha256, executable
    FROM pipelines, pipeline_artifacts AS file WHERE file.pipeline_id = $1 AND status = 'github_pending'""",
)
"""One promised record becomes many that wait, by the changes of state the database allows."""


class AtOnce:
    """A repository host without a network: every commit succeeds."""

    async def preflight(self, repository: RepositoryName, branch: str | None = None) -> Preflight:
        """See an ordinary repository."""
        return Preflight(repository, "main", branch or "main", "0" * 40)

    async def files(self, *_asked: object, **_how: object) -> Any:
        """Hold none."""
        raise NotImplementedError

    async def deliver(self, order: CommitOrder, plans: CommitPlans) -> Committed:
        """Recall the plans and save one, as a real host's delivery does."""
        await plans.known()
        sha = hashlib.sha1(order.pipeline_id.encode(), usedforsecurity=False).hexdigest()
        await plans.save("0" * 40, sha, str(order.repository), order.branch)
        return Committed(sha, order.branch, written=tuple(artifact.path for artifact in order.artifacts))

    async def pull_request(self, *_asked: object, **_how: object) -> None:
        """Open none."""


@dataclass
class Measured:
    """Milliseconds sorted, and processor time of Penstock and PostgreSQL in milliseconds a request."""

    wall: list[float]
    own_cpu: float
    postgres_cpu: float


@dataclass
class Bench:
    """One database with one plan to put into it."""

    database: Database
    plan: Plan
    folder: Path
    processes: Callable[[], list[int]]
    dsn: str

    @property
    def order(self) -> DeliveryOrder:
        """What each record owes."""
        return DeliveryOrder("commit", "acme/payment-api", service="payment-api", answer=promised_answer(self.plan))

    def recovery(self) -> Recovery:
        """Return a reconciler before the host in memory."""
        records, recoveries = PostgresRecords(self.database), PostgresRecoveries(self.database)
        clock, telemetry = SystemClock(), Telemetry()
        hosted = Hosted(AtOnce(), recoveries)
        return Recovery(
            Finishing(records, recoveries, telemetry, clock, hosted=hosted),
            recoveries,
            clock=clock,
            telemetry=telemetry,
        )

    async def bookkeeping(self, count: int) -> Measured:
        """Claim, promise, save a plan, settle: all that a request with a delivery writes, one after another."""
        records, recoveries, order = PostgresRecords(self.database), PostgresRecoveries(self.database), self.order

        async def one() -> None:
            claim = await records.claim(_asked())
            claim = await records.promise(claim, self.plan, order)
            await recoveries.plans(claim.pipeline_id)
            await recoveries.save_plan(
                claim, SavedPlan("acme/payment-api", "main", "0" * 40, uuid.uuid4().hex + "0" * 8)
            )
            await records.finish(
                claim, Status.ACTIVE, branch="main", commit_sha="0" * 40, audit_state="stored", response=order.answer
            )

        return await self._measure(one, count)

    async def fill(self, count: int) -> None:
        """Leave so many promised records that wait for a repository host."""
        records = PostgresRecords(self.database)
        claim = await records.promise(await records.claim(_asked()), self.plan, self.order)
        connection = await _connected(self.dsn)
        try:
            for statement in _MULTIPLY:
                values = [uuid.UUID(claim.pipeline_id), count][: 1 + ("$2" in statement)]
                await connection.execute(statement, *values)
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()

    async def drain(self) -> tuple[int, float, float]:
        """Let recovery finish all that waits: records, seconds, and MiB that the process grew by at most."""
        recovery, before = self.recovery(), _most_mib()
        done, begun = 0, time.perf_counter()
        while (scan := await recovery.scan()).taken:
            assert scan.active == scan.taken
            done += scan.taken
        return done, time.perf_counter() - begun, _most_mib() - before

    async def idle(self, count: int) -> Measured:
        """Scan with nothing to do."""
        recovery = self.recovery()

        async def one() -> None:
            assert (await recovery.scan()).taken == 0

        return await self._measure(one, count)

    async def relay(self) -> tuple[int, float]:
        """Publish every event to a file: events, seconds."""
        relay = Relay(
            Outbox(self.database), LocalFile(self.folder / "events.jsonl", max_bytes=2**30, keep=2), Telemetry()
        )
        begun = time.perf_counter()
        while await relay.round():
            pass
        took = time.perf_counter() - begun
        connection = await _connected(self.dsn)
        try:
            told = await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NOT NULL")
        finally:
            await connection.close()
        return int(told), took

    async def archive(self, count: int) -> float:
        """Store so many copies in a folder: seconds."""
        archive = Archive(open_objects((self.folder / "archive").as_uri()), Telemetry())
        begun = time.perf_counter()
        for _ in range(count):
            assert await archive.store(str(uuid.uuid4()), self.plan.artifacts) == "stored"
        return time.perf_counter() - begun

    async def _measure(self, one: Callable[[], Coroutine[Any, Any, None]], count: int) -> Measured:
        for _ in range(10):
            await one()
        taken, own, postgres = [], time.process_time(), cpu_ms(self.processes())
        for _ in range(count):
            begun = time.perf_counter()
            await one()
            taken.append((time.perf_counter() - begun) * 1000)
        own_ms = (time.process_time() - own) * 1000
        return Measured(sorted(taken), own_ms / count, (cpu_ms(self.processes()) - postgres) / count)


@asynccontextmanager
async def bench(example: Path) -> AsyncIterator[Bench]:
    """Open a fresh database, and the plan of an example."""
    async with FromSettings().engine() as engine:
        asked = GeneratePipeline(
            "Create CI/CD pipeline", "payment-api", local_path=str(example), options=Options(dry_run=True)
        )
        plan = await engine.pipelines.plan(LOCAL_CALLER, asked)
    with tempfile.TemporaryDirectory(prefix="penstock-") as name:
        folder = _passable(Path(name))
        server = embedded_postgres.start(folder / "postgres")
        try:
            await migrate(server.dsn)
            async with open_database(server.dsn, _LIMITS) as database:
                yield Bench(database, plan, folder, lambda: _tree(server.pid or 0), server.dsn)
        finally:
            server.close()


def _passable(folder: Path) -> Path:
    """Let others pass a folder: root's PostgreSQL runs as somebody else."""
    folder.chmod(0o711)
    return folder


def _asked() -> ClaimRequest:
    return ClaimRequest(
        "acme", "ann", uuid.uuid4().hex, "f" * 64, {"intent": "Create CI/CD pipeline"}, "Create CI/CD pipeline",
        service_name="payment-api", repo="acme/payment-api",
    )  # fmt: skip


async def _connected(dsn: str) -> Any:
    import asyncpg

    return await asyncpg.connect(dsn)


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _tree(parent: int) -> list[int]:
    """Return a process and its children."""
    found = [parent]
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
        except OSError:
            continue
    return found
