"""The record in PostgreSQL: three writes per pipeline, each one statement, each fenced by epoch and version."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost
from penstock.database.fencing import LOOK_AGAIN_S, fenced, read_back, unknown, wait
from penstock.database.ports import Claim, ClaimRequest, PipelineRecord
from penstock.database.rows import artifact_of, claim_of, clean, json_text, known_id, record_of, settled_claim, usage_of
from penstock.domain.artifacts import Artifact, digest_of
from penstock.domain.deliveries import LEFT_TO_THE_CALLER, DeliveryOrder
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import TRANSITIONS, Plan, Status
from penstock.errors import IdempotencyConflict, IdempotencyKeyReused, PipelineNotFound
from penstock.kit.ids import uuid7

if TYPE_CHECKING:
    import uuid

    import asyncpg

LEASE = timedelta(seconds=30)
"""How long a claim or a promise keeps others away; the database's own clock counts (BEHAVIOUR.md §2.1)."""
_CLAIMS = 5
_RESUMABLE = frozenset({Status.FAILED, Status.ACCEPTED, Status.DRAFTED})
_PRIOR = {status: [each.value for each in Status if status in TRANSITIONS[each]] for status in Status}


class PostgresRecords:
    """Records over one database; what each method means is written in ports.py."""

    def __init__(self, database: Database, *, lease: timedelta = LEASE) -> None:
        self._database = database
        self._lease = lease
        self._worker = f"{socket.gethostname()}.{os.getpid()}"

    async def claim(self, request: ClaimRequest) -> Claim:
        """Make, find or take over the record of this key."""
        fresh, owner = uuid7(), f"{self._worker}.{secrets.token_hex(4)}"
        for _ in range(_CLAIMS):
            row = await self._made_or_found(request, fresh, owner)
            if row is None:  # made by somebody else between our look and our insert
                continue
            if row["pipeline_id"] == fresh:
                return claim_of(row, owner)
            claim = await self._found(row, request, owner)
            if claim is not None:
                return claim
        raise IdempotencyConflict

    async def _made_or_found(self, request: ClaimRequest, pipeline_id: uuid.UUID, owner: str) -> asyncpg.Record | None:
        """Send the claim. It reads back by itself: sent again, it finds the record under its key, with our id."""
        lost: AnswerLost | None = None
        for nominal_s in (0.0, *LOOK_AGAIN_S):
            await wait(self._database, nominal_s)
            try:
                return await self._database.row(
                    "claim", pipeline_id, request.org_id, request.principal_id, request.idem_key, request.fingerprint,
                    json_text(request.request), clean(request.service_name), clean(request.intent),
                    clean(request.repo), clean(request.ref), request.trace_id, owner, self._lease,
                )  # fmt: skip
            except AnswerLost as problem:
                self._database.count("commit_unknown")
                lost = problem
        raise unknown(lost)

    async def _found(self, row: asyncpg.Record, request: ClaimRequest, owner: str) -> Claim | None:
        """Answer for a record that was there; None when it has just changed hands and is to be looked at again."""
        if row["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReused
        status = Status(row["status"])
        if status in _RESUMABLE and not row["leased"]:
            return await self._resumed(row, request, owner)
        if row["leased"] and status is not Status.GITHUB_PENDING:
            raise IdempotencyConflict(pipeline_id=str(row["pipeline_id"]), retry_after_s=row["lease_left_s"])
        return settled_claim(row)

    async def _resumed(self, row: asyncpg.Record, request: ClaimRequest, owner: str) -> Claim | None:
        pipeline_id = row["pipeline_id"]
        try:
            taken = await self._database.row(
                "resume", pipeline_id, row["lease_epoch"], owner, self._lease, request.trace_id
            )
        except AnswerLost as lost:
            self._database.count("commit_unknown")
            await wait(self._database, LOOK_AGAIN_S[0])
            taken = await read_back(self._database, pipeline_id)
            if taken is None or taken["lease_owner"] != owner:
                raise unknown(lost) from lost
        return None if taken is None else claim_of(taken, owner)

    async def promise(self, claim: Claim, plan: Plan, order: DeliveryOrder = LEFT_TO_THE_CALLER) -> Claim:
        """Record what was made, in one transaction: from here on the system finishes what it promised."""
        files = sorted(plan.artifacts, key=lambda each: each.path)
        skills = [{"name": use.name, "version": use.version, "digest": use.digest} for use in plan.skills_used]
        version = await self._fenced(
            "promise", claim, Status.GENERATED, plan.mode, plan.degraded, json_text(skills), digest_of(plan.artifacts),
            plan.decision.policy_revision, plan.decision.decision_id, self._lease,
            [clean(file.path) for file in files], [file.content for file in files], [file.sha256 for file in files],
            [file.executable for file in files], claim.status.value, json_text(order.document()),
        )  # fmt: skip
        if version is None:
            raise _fenced_off(claim)
        return replace(claim, status=Status.GENERATED, version=version)

    async def draft(self, claim: Claim, draft: Mapping[str, Any], use: ModelUse) -> Claim:
        """Keep what a model answered and what it cost."""
        version = await self._fenced(
            "draft", claim, Status.DRAFTED, json_text(draft), self._lease, claim.status.value, json_text(usage_of(use))
        )
        if version is None:
            raise _fenced_off(claim)
        return replace(claim, status=Status.DRAFTED, version=version, draft=draft)

    async def spent(self, claim: Claim, use: ModelUse) -> None:
        """Keep what attempts on a model cost when nothing came of them."""
        await self._database.row("spent", known_id(claim.pipeline_id), json_text(usage_of(use)))

    async def renew(self, claim: Claim) -> bool:
        """Make the lease last as long again."""
        row = await self._database.row("renew", known_id(claim.pipeline_id), claim.epoch, self._lease)
        return row is not None

    async def reject(
        self,
        claim: Claim,
        *,
        code: str = "policy-violation",
        detail: str,
        decision: Mapping[str, Any] | None = None,
        response: Mapping[str, Any],
    ) -> None:
        """Settle what was refused."""
        await self._settle(
            claim,
            Status.REJECTED,
            failure_code=code,
            failure_detail=detail,
            decision=decision,
            response=response,
        )

    async def fail(self, claim: Claim, *, code: str, detail: str) -> None:
        """Settle what was not promised."""
        await self._settle(claim, Status.FAILED, failure_code=code, failure_detail=detail)

    async def finish(
        self,
        claim: Claim,
        status: Status,
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        pull_request: str | None = None,
        no_changes: bool = False,
        audit_state: str | None = None,
        failure_code: str | None = None,
        failure_detail: str | None = None,
        response: Mapping[str, Any] | None = None,
    ) -> None:
        """Settle what was promised."""
        settled = await self._settle(
            claim,
            status,
            branch=branch,
            commit_sha=commit_sha,
            pull_request=pull_request,
            no_changes=no_changes,
            audit_state=audit_state,
            failure_code=failure_code,
            failure_detail=failure_detail,
            response=response,
        )
        if not settled:
            raise _fenced_off(claim)

    async def _settle(
        self,
        claim: Claim,
        status: Status,
        *,
        branch: str | None = None,
        commit_sha: str | None = None,
        pull_request: str | None = None,
        no_changes: bool = False,
        audit_state: str | None = None,
        failure_code: str | None = None,
        failure_detail: str | None = None,
        decision: Mapping[str, Any] | None = None,
        response: Mapping[str, Any] | None = None,
    ) -> bool:
        version = await self._fenced(
            "settle", claim, status, status.value, branch, commit_sha, no_changes, audit_state, failure_code,
            clean(failure_detail), None if decision is None else json_text(decision),
            None if response is None else json_text(response), _PRIOR[status], claim.status.value,
            pull_request,
        )  # fmt: skip
        return version is not None

    async def _fenced(self, name: str, claim: Claim, target: Status, *values: Any) -> int | None:
        return await fenced(self._database, name, claim, target, *values)

    async def get(self, org_id: str, pipeline_id: str) -> PipelineRecord:
        """Return one record of the organisation."""
        row = await self._database.row("get", org_id, _id(pipeline_id), repeatable=True)
        if row is None:
            raise PipelineNotFound
        return record_of(row)

    async def list(self, org_id: str, *, limit: int = 50, before: str | None = None) -> Sequence[PipelineRecord]:
        """Return the organisation's records, newest first."""
        rows = await self._database.rows("list", org_id, limit, None if before is None else _id(before))
        return [record_of(row) for row in rows]

    async def artifacts(self, org_id: str, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of one pipeline."""
        rows = await self._database.rows("artifacts", org_id, _id(pipeline_id))
        if not rows:
            raise PipelineNotFound
        return tuple(artifact_of(row) for row in rows if row["path"] is not None)

    async def ping(self) -> None:
        """Return when the database answers."""
        await self._database.row("ping", repeatable=True)


def _id(text: str) -> uuid.UUID:
    found = known_id(text)
    if found is None:
        raise PipelineNotFound
    return found


def _fenced_off(claim: Claim) -> IdempotencyConflict:
    message = "This pipeline took so long that another worker has taken it over."
    return IdempotencyConflict(message, pipeline_id=claim.pipeline_id)
