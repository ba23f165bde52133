"""What the walk needs of its record: claim before the work, promise after the verdict, settle at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from penstock.domain.artifacts import Artifact
from penstock.domain.deliveries import LEFT_TO_THE_CALLER, DeliveryOrder
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Plan, Status


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What is known of a pipeline before any work. ``idem_key`` is unique per organisation and principal."""

    org_id: str
    principal_id: str
    idem_key: str
    fingerprint: str
    """Digest of what was asked: the same key with another fingerprint is refused."""
    request: Mapping[str, Any]
    """What was asked, as JSON: files by their hashes, never their content."""
    intent: str
    service_name: str | None = None
    repo: str | None = None
    ref: str | None = None
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on one record, or (``settled``) what became of it earlier.

    ``epoch`` and ``version`` fence: a write with old numbers changes nothing.
    """

    pipeline_id: str
    status: Status
    epoch: int
    version: int
    attempt_no: int = 1
    settled: bool = False
    """True: the key was answered before; nothing is to be done but to answer again."""
    replay: Mapping[str, Any] | None = None
    """The stored answer (pipelines/idempotency.py), None when it was promised and has no answer yet."""
    decision: Mapping[str, Any] | None = None
    """The verdict of a refused pipeline."""
    draft: Mapping[str, Any] | None = None
    """What a model wrote before the work was interrupted: it is not paid for twice."""
    lease_owner: str = ""


@dataclass(frozen=True, slots=True)
class PipelineRecord:
    """One record as its organisation may see it."""

    pipeline_id: str
    org_id: str
    principal_id: str
    status: Status
    service_name: str | None
    intent: str
    repository: str | None
    ref: str | None
    mode: str | None
    degraded: bool
    skills_used: Sequence[Mapping[str, Any]]
    artifact_digest: str | None
    policy_revision: str | None
    decision_id: str | None
    branch: str | None
    commit_sha: str | None
    no_changes: bool
    audit_state: str
    """none, pending, stored, conflict."""
    attempt_no: int
    version: int
    failure_code: str | None
    failure_detail: str | None
    trace_id: str
    created_at: datetime
    updated_at: datetime
    terminal_at: datetime | None
    next_retry_at: datetime | None = None
    """When a delivery that waits is tried again."""
    pull_request: str | None = None
    """Address of the pull request that has the files."""


class Records(Protocol):
    """The record of pipelines.

    Every method raises DatabaseFailed when the database cannot do it, Overloaded when no connection becomes free.
    """

    async def claim(self, request: ClaimRequest) -> Claim:
        """Make the record or find the one of this key; a failed or abandoned one is taken over.

        Raises IdempotencyKeyReused for another fingerprint, IdempotencyConflict while somebody works on it.
        """
        ...

    async def promise(self, claim: Claim, plan: Plan, order: DeliveryOrder = LEFT_TO_THE_CALLER) -> Claim:
        """Record artifacts, audit row, usage, event and ``order`` together; return the claim with its new version.

        Raises IdempotencyConflict when the lease is somebody else's by now.
        """
        ...

    async def draft(self, claim: Claim, draft: Mapping[str, Any], use: ModelUse) -> Claim:
        """Keep what a model answered and what it cost, and return the claim with its new version.

        Raises IdempotencyConflict when the lease is somebody else's by now.
        """
        ...

    async def spent(self, claim: Claim, use: ModelUse) -> None:
        """Keep what attempts on a model cost when nothing came of them."""
        ...

    async def renew(self, claim: Claim) -> bool:
        """Make the lease last as long again; tell whether it is still ours."""
        ...

    async def reject(
        self,
        claim: Claim,
        *,
        code: str = "policy-violation",
        detail: str,
        decision: Mapping[str, Any] | None = None,
        response: Mapping[str, Any],
    ) -> None:
        """Settle what was refused, by the gate (with its verdict) or the model, with the answer to replay.

        A fenced write changes nothing.
        """
        ...

    async def fail(self, claim: Claim, *, code: str, detail: str) -> None:
        """Settle what was not promised; the same key resumes it. A fenced write changes nothing and is no error."""
        ...

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
        """Settle what was promised: active, github_pending or github_failed, with the answer to replay.

        Raises IdempotencyConflict when fenced.
        """
        ...

    async def get(self, org_id: str, pipeline_id: str) -> PipelineRecord:
        """Return one record of the organisation. Raises PipelineNotFound."""
        ...

    async def list(self, org_id: str, *, limit: int = 50, before: str | None = None) -> Sequence[PipelineRecord]:
        """Return the organisation's records, newest first, from the one before ``before`` on."""
        ...

    async def artifacts(self, org_id: str, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of one pipeline (none before the promise). Raises PipelineNotFound."""
        ...

    async def ping(self) -> None:
        """Return when the database answers."""
        ...
