"""Promises on a real record, a repository host in memory, and reconcilers that finish the one on the other."""

from __future__ import annotations

import uuid
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from record_parts import SMALL, Tables, plan, request

from penstock.database.connections import Database, open_database
from penstock.database.ports import Claim
from penstock.database.postgres import PostgresRecords
from penstock.database.recoveries import PostgresRecoveries
from penstock.delivery import committing as steps
from penstock.delivery.ports import (
    CommitOrder,
    CommitPlans,
    Committed,
    HostAway,
    Preflight,
    PullRequest,
    PullRequestText,
    RepositoryName,
)
from penstock.delivery.remote_files import RemoteFiles
from penstock.domain.deliveries import DeliveryOrder
from penstock.domain.pipelines import TRANSITIONS, Status
from penstock.kit.clock import SystemClock
from penstock.pipelines.finishing import BACKOFF_S, Finishing
from penstock.pipelines.hosted import Hosted
from penstock.pipelines.recovery import Recovery
from penstock.telemetry.service import Telemetry

CLAIMED_A_DAY_AGO = "UPDATE pipelines SET {} = now() - interval '25 hours' WHERE pipeline_id = $1"


@dataclass
class MemoryHost:
    """A RepositoryHost whose branches are lists; every commit changes something, so only plans tell what was done.

    ``verdicts`` of a repository are used up one per branch update: ``lost`` moves the branch and says nothing, anything
    that can be raised is raised, ``done`` and an empty list move it.
    """

    branches: dict[str, list[str]] = field(default_factory=lambda: defaultdict(lambda: ["first"]))
    verdicts: dict[str, deque[str | Exception]] = field(default_factory=lambda: defaultdict(deque))
    away: Exception | None = None
    """Raised by every delivery while it is there."""
    before: Callable[[CommitOrder], Awaitable[None]] | None = None
    """Done when a delivery begins,"""
    after: Callable[[CommitOrder], Awaitable[None]] | None = None
    """and right after a branch moved."""
    deliveries: int = 0

    def commits(self, pipeline_id: str) -> int:
        return sum(sha.partition("/")[0] == pipeline_id for branch in self.branches.values() for sha in branch)

    async def preflight(self, repository: RepositoryName, branch: str | None = None) -> Preflight:
        return Preflight(repository, "main", branch or "main", self.branches[str(repository)][-1])

    async def files(
        self, repository: RepositoryName, commit_sha: str, *, skipped_folders: frozenset[str] = frozenset()
    ) -> RemoteFiles:
        raise AssertionError

    async def pull_request(
        self, repository: RepositoryName, *, head: str, base: str, text: PullRequestText
    ) -> PullRequest | None:
        raise AssertionError

    async def deliver(self, order: CommitOrder, plans: CommitPlans) -> Committed:
        self.deliveries += 1
        if self.before is not None:
            await self.before(order)
        if self.away is not None:
            raise self.away
        return await steps.drive(
            steps.commit_steps(order.branch, order.start), lambda step: self._act(step, order, plans)
        )

    async def _act(self, step: steps.Step, order: CommitOrder, plans: CommitPlans) -> Any:
        branch = self.branches[str(order.repository)]
        answer: Any = None
        match step:
            case steps.LookAtHeads():
                answer = steps.Heads(branch[-1], branch[-1])
            case steps.RecallPlans():
                answer = await plans.known()
            case steps.FindPlan(known, _):
                answer = next(((sha, order.branch) for sha in known if sha in branch), None)
            case steps.LayTree():
                answer = steps.Laid("tree", tuple(each.path for each in order.artifacts))
            case steps.MakeCommit(_, parent, _):
                answer = f"{order.pipeline_id}/{len(branch)}/{parent[:8]}"
            case steps.SavePlan(base, commit):
                await plans.save(base, commit, str(order.repository), order.branch)
            case steps.MoveBranch(commit, _):
                answer = self._moved(str(order.repository), commit)
                if self.after is not None:
                    await self.after(order)
        return answer

    def _moved(self, repository: str, commit: str) -> steps.Moved:
        verdict = self.verdicts[repository].popleft() if self.verdicts[repository] else "done"
        if isinstance(verdict, Exception):
            raise verdict
        self.branches[repository].append(commit)
        return steps.Moved.UNKNOWN if verdict == "lost" else steps.Moved.DONE


@dataclass
class Bench:
    """Everything a test of recovery works with."""

    database: Database
    records: PostgresRecords
    recoveries: PostgresRecoveries
    host: MemoryHost
    tables: Tables
    backoff_s: tuple[float, ...] = BACKOFF_S

    def finishing(self) -> Finishing:
        hosted = Hosted(self.host, self.recoveries)
        return Finishing(
            self.records, self.recoveries, Telemetry(), SystemClock(), hosted=hosted, backoff_s=self.backoff_s
        )

    def reconciler(self, **how: Any) -> Recovery:
        return Recovery(self.finishing(), self.recoveries, clock=SystemClock(), telemetry=Telemetry(), **how)

    async def promised(self, repository: str = "acme/shop", **changes: Any) -> Claim:
        """Return the claim of a promise just made by somebody who is still at work on it."""
        claim = await self.records.claim(request(**changes))
        return await self.records.promise(claim, plan(), order_to(repository))

    async def left_behind(self, repository: str = "acme/shop", **changes: Any) -> Claim:
        """Return the claim of a promise whose worker is gone."""
        claim = await self.promised(repository, **changes)
        await self.tables.end_lease(claim)
        return claim

    async def due(self) -> None:
        """Let every lease run out and every wait be over."""
        await self.tables.fetch(
            "UPDATE pipelines SET next_retry_at = NULL,"
            " lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE now() - interval '1 second' END"
            " WHERE status IN ('generated', 'github_pending')"
        )

    async def status(self, claim: Claim) -> str:
        return str((await self.tables.one(claim))["status"])

    async def check_trail(self, claim: Claim) -> None:
        """One audit row per transition, each going on where the one before it ended; one event and usage per promise."""
        query = "SELECT action, before, after FROM audit_logs WHERE pipeline_id = $1 ORDER BY audit_id"
        rows = await self.tables.fetch(query, uuid.UUID(claim.pipeline_id))
        for earlier, later in pairwise(rows):
            if later["action"] != "pipeline.resumed":
                assert later["before"] == earlier["after"], [tuple(row) for row in rows]
                assert Status(later["after"]) in TRANSITIONS[Status(later["before"])]
        assert rows[-1]["after"] == await self.status(claim)
        counted = await self.tables.counted(claim)
        assert counted["usage_events"] == sum(row["action"] == "pipeline.promised" for row in rows)
        assert counted["outbox"] == sum(row["action"] in {"pipeline.promised", "pipeline.settled"} for row in rows)


def order_to(repository: str) -> DeliveryOrder:
    return DeliveryOrder("commit", repository=repository, branch="main", service="payment-api")


def no_answer(retry_at_s: float | None = None) -> HostAway:
    return HostAway("It does not answer.", retry_at_s=retry_at_s)


@asynccontextmanager
async def bench(dsn: str, *, lease_s: float = 30, grace_s: float = 60) -> AsyncIterator[Bench]:
    lease = timedelta(seconds=lease_s)
    async with open_database(dsn, SMALL) as database:
        yield Bench(
            database,
            PostgresRecords(database, lease=lease),
            PostgresRecoveries(database, lease=lease, grace=timedelta(seconds=grace_s)),
            MemoryHost(),
            Tables(dsn),
        )


async def emptied(dsn: str, names: Sequence[str] = ("pipelines", "audit_logs", "outbox", "usage_events")) -> None:
    await Tables(dsn).fetch(f"TRUNCATE {', '.join(names)} CASCADE")
