"""What the record's tests put in and look at: one plan, one request, and the tables as they are."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

import asyncpg

from penstock.database.connections import PoolLimits, open_database
from penstock.database.ports import Claim, ClaimRequest
from penstock.database.postgres import PostgresRecords
from penstock.domain.artifacts import Artifact
from penstock.domain.facts import Fact, RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Plan
from penstock.domain.policy import Decision, Profile, Violation
from penstock.domain.skills import Selection, SkillUse

T = TypeVar("T")
SMALL = PoolLimits(least=1, most=4)
SECRET = Violation(
    "security.secrets.hardcoded_credential", "security.secrets", "deny", "cloudbuild.yaml", 14, 9, "/steps/2/env/0",
    "hardcoded API key", "Put it into Secret Manager.", ("SOC2:CC6.1",),
)  # fmt: skip


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def request(**changes: Any) -> ClaimRequest:
    """Return a request under a key of its own."""
    asked = ClaimRequest(
        org_id="acme",
        principal_id="ann",
        idem_key=uuid.uuid4().hex,
        fingerprint="f" * 64,
        request={"intent": "Create CI/CD pipeline for payment-api", "files": {"package.json": "0" * 64}},
        intent="Create CI/CD pipeline for payment-api",
        service_name="payment-api",
        repo="acme/payment-api",
        ref="main",
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    )
    return replace(asked, **changes)


def decision(*, denied: bool = False) -> Decision:
    found = (SECRET,) if denied else ()
    controls: dict[str, dict[str, object]] = {"SOC2:CC6.1": {"status": "fail" if denied else "pass", "rules": ["r"]}}
    return Decision(
        not denied, found, (), (), controls, Profile.STANDARD, "r1", "d1", "0" * 64, 48, "regorus",
        ("cloudbuild.yaml",), (("README.md", "no rules for it"),),
    )  # fmt: skip


def plan(*artifacts: Artifact, denied: bool = False) -> Plan:
    service = ServiceFacts(".", "payment-api", "web", "node", language=Fact("nodejs", Source("package.json", 1)))
    spec: Any = SimpleNamespace(name="payment-api", target="cloud-run", assumptions=(), questions=())
    return Plan(
        facts=RepositoryFacts("payment-api", deployable=True, primary=service),
        selection=Selection((), ()),
        skills_used=(SkillUse("gcp-nodejs-cicd", "1.0.0", "sha256:00"),),
        spec=spec,
        artifacts=artifacts
        or (Artifact("cloudbuild.yaml", b"steps: []\n"), Artifact("run.sh", b"true\n", executable=True)),
        decision=decision(denied=denied),
        mode="template",
    )


@dataclass
class Tables:
    """A look into the database, past the records."""

    dsn: str

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def one(self, claim: Claim | str) -> asyncpg.Record:
        pipeline_id = claim if isinstance(claim, str) else claim.pipeline_id
        (row,) = await self.fetch("SELECT * FROM pipelines WHERE pipeline_id = $1", uuid.UUID(pipeline_id))
        return row

    async def counted(self, claim: Claim | str) -> dict[str, int]:
        """Return how many rows each side table has for a pipeline."""
        pipeline_id = claim if isinstance(claim, str) else claim.pipeline_id
        tables = ("pipeline_artifacts", "audit_logs", "usage_events", "outbox")
        counts = {}
        for table in tables:
            query = f"SELECT count(*) FROM {table} WHERE pipeline_id = $1"  # noqa: S608 -- our own names
            counts[table] = (await self.fetch(query, uuid.UUID(pipeline_id)))[0][0]
        return counts

    async def end_lease(self, claim: Claim) -> None:
        """Let the lease run out, as if its time had passed."""
        await self.fetch(
            "UPDATE pipelines SET lease_until = now() - interval '1 second' WHERE pipeline_id = $1",
            uuid.UUID(claim.pipeline_id),
        )


@asynccontextmanager
async def records(dsn: str, *, lease: timedelta = timedelta(seconds=30)) -> AsyncIterator[PostgresRecords]:
    async with open_database(dsn, SMALL) as database:
        yield PostgresRecords(database, lease=lease)
