"""What recovery needs of the record: take over what was promised, put off what cannot be finished, give up the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from penstock.database.ports import Claim
from penstock.domain.artifacts import Artifact
from penstock.domain.deliveries import DeliveryOrder, Live, Moment


@dataclass(frozen=True, slots=True)
class Promised:
    """A promised record that is ours to finish now."""

    claim: Claim
    org_id: str
    order: DeliveryOrder
    moment: Moment
    audit_state: str
    trace_id: str
    replay: Mapping[str, Any] | None
    """The answer given so far (202), None when nobody was answered."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A commit that was planned before the branch was moved."""

    repo: str
    branch: str
    base_sha: str
    commit_sha: str


class Recoveries(Protocol):
    """The record as recovery sees it. Every method raises DatabaseFailed, Overloaded."""

    async def take(self, *, limit: int = 20) -> Sequence[Promised]:
        """Take the lease of promised records that nobody works on and that are due.

        Those first whose workers were never lost, then the oldest.
        """
        ...

    async def begin(self, claim: Claim) -> int:
        """Count that work begins on a record; return how often it did without a word since, this time included.

        Raises IdempotencyConflict when fenced.
        """
        ...

    async def renew(self, claim: Claim) -> bool:
        """Make the lease of a record that was taken last as long again. False: it is not ours any more."""
        ...

    async def pend(self, claim: Claim, *, retry_in_s: float, detail: str, response: Mapping[str, Any]) -> None:
        """Put off what was promised: github_pending, due in so many seconds. Raises IdempotencyConflict when fenced."""
        ...

    async def put_off(self, claim: Claim, *, retry_in_s: float, forgiven: bool = False) -> None:
        """Give the lease of a record back that was taken and could not be worked on, due in so many seconds.

        ``forgiven``: it is not the record's fault, and what was counted against it is forgotten.
        """
        ...

    async def abandoned(self) -> int:
        """Settle what was never promised and whose worker is gone a minute: failed, and resumable. Return how many."""
        ...

    async def stale_drafts(self) -> int:
        """Settle drafts that are a day old, and wipe them. Return how many."""
        ...

    async def reopen(self, org_id: str, pipeline_id: str) -> Promised | None:
        """Take a failed delivery up again, for its user. None when it is in another state. Raises PipelineNotFound."""
        ...

    async def take_waiting(self, org_id: str, pipeline_id: str) -> Promised | None:
        """Take the lease of a delivery that waits. None in another state, or taken. Raises PipelineNotFound."""
        ...

    async def order(self, org_id: str, pipeline_id: str) -> DeliveryOrder:
        """Return where a pipeline's files were to go. Raises PipelineNotFound."""
        ...

    async def plans(self, pipeline_id: str) -> Sequence[SavedPlan]:
        """Return every commit ever planned for a pipeline, oldest first."""
        ...

    async def save_plan(self, claim: Claim, plan: SavedPlan) -> None:
        """Keep a commit before the branch is moved. Raises IdempotencyConflict when the lease is somebody else's."""
        ...

    async def kept_files(self, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of a promised record, whoever's it is."""
        ...

    async def live(self) -> Live:
        """Return how many promises wait, and how long the oldest has."""
        ...
