"""Recovery's side of the record; what each method means is written in recovery_ports.py."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost
from penstock.database.fencing import fenced, unknown
from penstock.database.ports import Claim
from penstock.database.recovery_ports import Promised, SavedPlan
from penstock.database.rows import artifact_of, claim_of, clean, document_of, json_text, known_id
from penstock.domain.artifacts import Artifact
from penstock.domain.deliveries import DeliveryOrder, Live, Moment
from penstock.domain.pipelines import Status
from penstock.errors import IdempotencyConflict, PipelineNotFound

if TYPE_CHECKING:
    import uuid

    import asyncpg

_LEASE = timedelta(seconds=30)
_GRACE = timedelta(seconds=60)
"""After its lease ran out, an unpromised record is left that long for its own worker or a resend."""
_DRAFT_KEPT = timedelta(hours=24)


class PostgresRecoveries:
    """Recovery over one database."""

    def __init__(self, database: Database, *, lease: timedelta = _LEASE, grace: timedelta = _GRACE) -> None:
        self._database = database
        self._lease = lease
        self._grace = grace
        self._worker = f"{socket.gethostname()}.{os.getpid()}.recovery"

    async def take(self, *, limit: int = 20) -> Sequence[Promised]:
        """Take the lease of promised records that are due."""
        owner = self._owner()
        rows = await self._database.rows("take_promised", limit, owner, self._lease)
        return sorted(
            (_promised(row, owner) for row in rows), key=lambda each: (each.moment.recoveries, each.moment.since)
        )

    async def pend(self, claim: Claim, *, retry_in_s: float, detail: str, response: Mapping[str, Any]) -> None:
        """Put off what was promised."""
        version = await fenced(
            self._database, "pend", claim, Status.GITHUB_PENDING, timedelta(seconds=retry_in_s), clean(detail),
            json_text(response),
        )  # fmt: skip
        if version is None:
            raise IdempotencyConflict(pipeline_id=claim.pipeline_id)

    async def put_off(self, claim: Claim, *, retry_in_s: float, forgiven: bool = False) -> None:
        """Give a lease back unused."""
        again = timedelta(seconds=retry_in_s)
        await self._database.row(
            "put_off", known_id(claim.pipeline_id), claim.epoch, claim.version, again, forgiven, repeatable=True
        )

    async def begin(self, claim: Claim) -> int:
        """Count one more worker."""
        row = await self._database.row(
            "begin_recovery", known_id(claim.pipeline_id), claim.epoch, claim.version, repeatable=True
        )
        if row is None:
            raise IdempotencyConflict(pipeline_id=claim.pipeline_id)
        return int(row["recoveries"])

    async def renew(self, claim: Claim) -> bool:
        """Make the lease last as long again."""
        row = await self._database.row("renew", known_id(claim.pipeline_id), claim.epoch, self._lease, repeatable=True)
        return row is not None

    async def abandoned(self) -> int:
        """Settle what was never promised and has nobody."""
        return await self._count("abandon", self._grace)

    async def stale_drafts(self) -> int:
        """Settle drafts that are a day old."""
        return await self._count("expire_drafts", _DRAFT_KEPT)

    async def reopen(self, org_id: str, pipeline_id: str) -> Promised | None:
        """Take a failed delivery up again."""
        return await self._one("reopen", org_id, pipeline_id)

    async def take_waiting(self, org_id: str, pipeline_id: str) -> Promised | None:
        """Take the lease of a delivery that waits."""
        return await self._one("take_waiting", org_id, pipeline_id)

    async def order(self, org_id: str, pipeline_id: str) -> DeliveryOrder:
        """Return where a pipeline's files were to go."""
        row = await self._database.row("order", org_id, _id(pipeline_id), repeatable=True)
        if row is None:
            raise PipelineNotFound
        return DeliveryOrder.of(document_of(row["delivery"]))

    async def plans(self, pipeline_id: str) -> Sequence[SavedPlan]:
        """Return every commit ever planned."""
        rows = await self._database.rows("plans", _id(pipeline_id))
        return [SavedPlan(row["repo"], row["branch"], row["base_sha"], row["commit_sha"]) for row in rows]

    async def save_plan(self, claim: Claim, plan: SavedPlan) -> None:
        """Keep a commit before the branch is moved."""
        row = await self._database.row(
            "save_plan", known_id(claim.pipeline_id), claim.epoch, claim.version, plan.repo, plan.branch, plan.base_sha,
            plan.commit_sha, repeatable=True,
        )  # fmt: skip
        if row is None:
            raise IdempotencyConflict(pipeline_id=claim.pipeline_id)

    async def kept_files(self, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of a promised record."""
        rows = await self._database.rows("kept_files", _id(pipeline_id))
        return tuple(artifact_of(row) for row in rows)

    async def live(self) -> Live:
        """Return how many promises wait, and how long the oldest has."""
        row = await self._database.row("live_promises", repeatable=True)
        return Live(0, 0.0) if row is None else Live(int(row["count"]), float(row["oldest_s"]))

    async def _one(self, name: str, org_id: str, pipeline_id: str) -> Promised | None:
        owner = self._owner()
        try:
            row = await self._database.row(name, org_id, _id(pipeline_id), owner, self._lease)
        except AnswerLost as lost:  # when it was done, its lease runs out and the next scan finishes the work
            self._database.count("commit_unknown")
            raise unknown(lost) from lost
        if row is not None:
            return _promised(row, owner)
        await self.order(org_id, pipeline_id)
        return None

    async def _count(self, name: str, age: timedelta) -> int:
        row = await self._database.row(name, age, repeatable=True)
        return 0 if row is None else int(row["count"])

    def _owner(self) -> str:
        return f"{self._worker}.{secrets.token_hex(4)}"


def _promised(row: asyncpg.Record, owner: str) -> Promised:
    return Promised(
        claim=claim_of(row, owner),
        org_id=row["org_id"],
        order=DeliveryOrder.of(document_of(row["delivery"])),
        moment=Moment(row["since"], row["recoveries"], row["delivery_attempts"]),
        audit_state=row["audit_state"],
        trace_id=row["trace_id"],
        replay=document_of(row["response_body"]),
    )


def _id(text: str) -> uuid.UUID:
    found = known_id(text)
    if found is None:
        raise PipelineNotFound
    return found
