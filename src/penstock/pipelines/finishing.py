"""The end of a promise, the same for the handler that made it and for whoever finds it later (BEHAVIOUR.md §2.1)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.delivery.ports import HostAway, HostRefused
from penstock.domain.artifacts import Artifact
from penstock.domain.deliveries import HOSTED, DeliveryOrder
from penstock.domain.pipelines import Delivery, Status
from penstock.errors import CommitRefused, DeliveryInterrupted, IdempotencyConflict, PenstockError, Unavailable
from penstock.pipelines.answers import finished
from penstock.pipelines.host_words import told
from penstock.pipelines.idempotency import remembered
from penstock.pipelines.walk import Walk

if TYPE_CHECKING:
    from penstock.archive.service import Archive
    from penstock.database.ports import Claim, Records
    from penstock.database.recovery_ports import Promised, Recoveries
    from penstock.kit.clock import Clock
    from penstock.pipelines.hosted import Hosted
    from penstock.telemetry.service import Telemetry

BACKOFF_S = (15.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Seconds until a delivery is tried again, by how often it has been; BEHAVIOUR.md §2.1."""
DELIVER_S = 10.0
"""Longest delivery within a request; what takes longer is finished later (§2.4)."""


@dataclass(frozen=True)
class Promise:
    """What was promised and is ours to finish now."""

    claim: Claim
    order: DeliveryOrder
    artifacts: tuple[Artifact, ...]
    attempts: int = 0
    """Deliveries that ended without success before."""
    audit_state: str = "none"
    trace_id: str = ""
    last: bool = False
    """Whether it is given up when it cannot be delivered now."""


def promise_of(promised: Promised, artifacts: tuple[Artifact, ...], *, last: bool = False) -> Promise:
    """Return what is to be finished of a record that was taken over; ``last``: there is no further try."""
    return Promise(
        promised.claim,
        promised.order,
        artifacts,
        attempts=promised.moment.attempts,
        audit_state=promised.audit_state,
        trace_id=promised.trace_id,
        last=last,
    )


@dataclass(frozen=True)
class Ended:
    """What became of a promise for now."""

    status: Status
    """active, github_pending, github_failed or cancelled."""
    delivery: Delivery
    document: Mapping[str, Any]
    """The answer to the caller."""
    problem: PenstockError | None = None
    """Why it is github_failed."""


@dataclass(frozen=True)
class Finishing:
    """Delivers and archives what was promised, and settles the record."""

    records: Records
    recoveries: Recoveries
    telemetry: Telemetry
    clock: Clock
    hosted: Hosted | None = None
    archive: Archive | None = None
    deliver_s: float = DELIVER_S
    backoff_s: tuple[float, ...] = BACKOFF_S

    async def finish(
        self, promise: Promise, local: Callable[[], Awaitable[Delivery]] | None = None, walk: Walk | None = None
    ) -> Ended:
        """Deliver and archive side by side, then settle. ``local`` delivers on this machine, where the caller is.

        Raises IdempotencyConflict when somebody else has the lease by now, Unavailable (the promise then stays).
        """
        walk = walk or Walk(self.telemetry.observe_stage, clock=self.clock)
        archived = asyncio.ensure_future(self._archived(promise, walk))
        try:
            with walk.stage("deliver") as explain:
                delivery = await self._delivered(promise, local)
                explain(_in_words(delivery))
        except HostAway as away:
            audit_state = await archived
            if promise.last:
                detail = f"It could not be delivered for a day: {away.message}"
                problem = CommitRefused(detail, reason="exhausted")
                return await self._failed(promise, problem, audit_state, code="exhausted")
            return await self._pending(promise, away, walk)
        except (Unavailable, IdempotencyConflict):  # ours or another's to go on with: the repository refused nothing
            archived.cancel()
            raise
        except (HostRefused, PenstockError) as problem:
            return await self._failed(promise, _refusal(problem, promise), await archived)
        except BaseException:
            archived.cancel()
            raise
        return await self._active(promise, delivery, await archived, walk)

    async def give_back(self, promise: Promise) -> None:
        """Free the lease of a promise that is not finished here, so that others need not wait for it to run out."""
        with contextlib.suppress(PenstockError):
            await self.recoveries.put_off(promise.claim, retry_in_s=0)

    async def give_up(self, promise: Promise, code: str, detail: str) -> Ended:
        """Settle a promise that cannot be kept."""
        problem = CommitRefused(detail, reason=code)
        return await self._failed(promise, problem, promise.audit_state, code=code)

    async def call_off(self, promise: Promise) -> Ended:
        """Settle a promise that its user does not want kept."""
        delivery = Delivery(promise.order.mode)
        walk = Walk(self.telemetry.observe_stage, clock=self.clock)
        document = self._document(promise, Status.CANCELLED, delivery, walk)
        await self.records.finish(promise.claim, Status.CANCELLED, response=document)
        return Ended(Status.CANCELLED, delivery, document)

    async def _delivered(self, promise: Promise, local: Callable[[], Awaitable[Delivery]] | None) -> Delivery:
        mode = promise.order.mode
        if mode in HOSTED:
            if self.hosted is None:
                raise HostAway("No repository host is configured on this server.")
            try:
                async with asyncio.timeout(self.deliver_s):
                    return await self.hosted.deliver(promise.claim, promise.order, promise.artifacts)
            except TimeoutError:
                raise HostAway(f"The delivery took longer than {self.deliver_s:g} s.") from None
        if local is not None:
            return await local()
        if mode == "none":
            return Delivery("none")
        raise DeliveryInterrupted

    async def _archived(self, promise: Promise, walk: Walk) -> str:
        """Store the auditors' copy; one that fails never fails the request (C20), and is tried again later."""
        if self.archive is None or promise.audit_state in {"stored", "conflict"}:
            return promise.audit_state
        try:
            with walk.stage("archive"):
                return await self.archive.store(promise.claim.pipeline_id, promise.artifacts)
        except PenstockError as problem:
            self.telemetry.log(
                "archive.store_failed",
                level="warning",
                pipeline_id=promise.claim.pipeline_id,
                reason=problem.message,
            )
            return "pending"

    async def _active(self, promise: Promise, delivery: Delivery, audit_state: str, walk: Walk) -> Ended:
        document = self._document(promise, Status.ACTIVE, delivery, walk)
        with walk.stage("finish"):
            await self.records.finish(
                promise.claim,
                Status.ACTIVE,
                branch=delivery.branch,
                commit_sha=delivery.commit_sha,
                pull_request=delivery.pull_request,
                no_changes=delivery.no_changes,
                audit_state=audit_state,
                response=document,
            )
        return Ended(Status.ACTIVE, delivery, document)

    async def _pending(self, promise: Promise, away: HostAway, walk: Walk) -> Ended:
        delivery = Delivery(promise.order.mode)
        wait = self.backoff_s[min(promise.attempts, len(self.backoff_s) - 1)]
        if away.retry_at_s is not None:
            wait = max(wait, away.retry_at_s - self.clock.now().timestamp())
        document = self._document(promise, Status.GITHUB_PENDING, delivery, walk)
        await self.recoveries.pend(promise.claim, retry_in_s=wait, detail=told(away.message), response=document)
        self.telemetry.count("github_pending")
        self.telemetry.log(
            "delivery.put_off",
            level="warning",
            pipeline_id=promise.claim.pipeline_id,
            reason=told(away.message),
            retry_in_s=round(wait, 1),
            gated=away.gated,
        )
        return Ended(Status.GITHUB_PENDING, delivery, document)

    async def _failed(
        self, promise: Promise, problem: PenstockError, audit_state: str, *, code: str | None = None
    ) -> Ended:
        pipeline_id = promise.claim.pipeline_id
        problem.extra.setdefault("pipeline_id", pipeline_id)
        memory = remembered(problem, promise.trace_id)
        await self.records.finish(
            promise.claim,
            Status.GITHUB_FAILED,
            audit_state=audit_state,
            failure_code=code or problem.slug,
            failure_detail=problem.message,
            response=memory,
        )
        fault = "customer_repo" if problem.extra.get("fault") == "customer_repo" else "ours"
        self.telemetry.log(
            "delivery.refused", level="warning", pipeline_id=pipeline_id, reason=problem.message, fault=fault
        )
        return Ended(Status.GITHUB_FAILED, Delivery(promise.order.mode), memory, problem)

    @staticmethod
    def _document(promise: Promise, status: Status, delivery: Delivery, walk: Walk) -> dict[str, Any]:
        return finished(
            promise.order.answer,
            pipeline_id=promise.claim.pipeline_id,
            status=status,
            artifacts=promise.artifacts,
            delivery=delivery,
            timings=walk.timings,
            trace_id=promise.trace_id,
        )


def _in_words(delivery: Delivery) -> str:
    if delivery.mode == "none":
        return "left to the caller"
    where = f" {delivery.pull_request}" if delivery.pull_request else ""
    return f"{len(delivery.written)} written, {len(delivery.unchanged)} unchanged{where}"


def _refusal(problem: HostRefused | PenstockError, promise: Promise) -> PenstockError:
    """Return a refusal as its caller is told of it: what to do, and where the files are."""
    if isinstance(problem, PenstockError):
        return problem
    pipeline = f"/api/v1/pipelines/{promise.claim.pipeline_id}"
    steps = (
        *problem.next_steps,
        f"Then POST {pipeline}/commit, which delivers the same files.",
        f"Or apply them by hand: GET {pipeline}/bundle gives a patch for git apply.",
    )
    fault = "customer_repo" if problem.customer_fault else "ours"
    message = f"Failed to commit to {promise.order.repository}: {told(problem.message)}"
    return CommitRefused(message, next_steps=steps, reason=problem.kind, fault=fault)
