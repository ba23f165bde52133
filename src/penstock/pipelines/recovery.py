"""The reconciler: finishes what was promised, whoever promised it and whatever became of them (BEHAVIOUR.md §2.1).

Level-triggered: every scan looks at all that is due, so what one scan drops the next one finds. It never generates and
never judges, since nobody was promised that.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.domain.pipelines import Status
from penstock.errors import IdempotencyConflict, PenstockError
from penstock.pipelines.finishing import Finishing, promise_of

if TYPE_CHECKING:
    from penstock.database.ports import Claim
    from penstock.database.recovery_ports import Promised, Recoveries
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

MOST_RECOVERIES = 10
"""Takeovers in a row without a word, after which a record is parked: one poison record must not stop the others."""
LONGEST = timedelta(hours=24)
"""A promise older than that gets one more try."""
_AT_ONCE = 4
_EVERY_S, _JITTER = 15.0, 0.2
_RENEW_S = 10.0
_BROKEN_S = 60.0
"""Seconds until a record is looked at again on which our own code failed."""


@dataclass(frozen=True)
class Scan:
    """What one scan did."""

    taken: int = 0
    active: int = 0
    pending: int = 0
    failed: int = 0
    parked: int = 0
    abandoned: int = 0
    expired: int = 0

    @property
    def settled(self) -> int:
        """How many records taken got an end or their next turn."""
        return self.active + self.pending + self.failed + self.parked

    def document(self) -> dict[str, int]:
        """Return the counts by name."""
        return dict(self.__dict__)


class Recovery:
    """Scans again and again."""

    def __init__(
        self,
        finishing: Finishing,
        recoveries: Recoveries,
        *,
        clock: Clock,
        telemetry: Telemetry,
        every_s: float = _EVERY_S,
        renew_s: float = _RENEW_S,
        limit: int = 20,
    ) -> None:
        """``renew_s``: seconds between two renewals of the leases of what a scan took and has not finished."""
        self._finishing = finishing
        self._recoveries = recoveries
        self._clock = clock
        self._telemetry = telemetry
        self._every_s = every_s
        self._renew_s = renew_s
        self._limit = limit
        self._stopping = False

    async def run(self) -> None:
        """Scan until cancelled or stopped. A scan that fails is logged, and the next one comes all the same.

        One that had its hands full, and finished it all, is followed by the next at once.
        """
        while not self._stopping:
            try:
                if (await self.scan()).settled >= self._limit:
                    continue
            except PenstockError as problem:
                self._telemetry.log("recovery.scan_failed", level="warning", reason=problem.message)
            except Exception as problem:  # noqa: BLE001 -- a bug must not end the only one who keeps promises
                self._telemetry.log("recovery.scan_failed", level="error", exception=problem)
            await self._clock.sleep(self._every_s * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 -- spreads scans

    def stop(self) -> None:
        """Take no more leases (BEHAVIOUR.md §2.7)."""
        self._stopping = True

    async def scan(self) -> Scan:
        """Look once at everything that is due. Raises DatabaseFailed, Overloaded."""
        abandoned = await self._recoveries.abandoned()
        expired = await self._recoveries.stale_drafts()
        taken = await self._recoveries.take(limit=self._limit)
        ended = await self._all(taken)
        await self._tell(len(taken))
        return Scan(
            taken=len(taken),
            active=ended.count(Status.ACTIVE.value),
            pending=ended.count(Status.GITHUB_PENDING.value),
            failed=ended.count(Status.GITHUB_FAILED.value),
            parked=ended.count("parked"),
            abandoned=abandoned,
            expired=expired,
        )

    async def _all(self, taken: Sequence[Promised]) -> list[str]:
        """Finish some at once; one by one, and last, those that may have killed an earlier worker."""
        waiting = {promised.claim.pipeline_id: promised.claim for promised in taken}
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(promised: Promised) -> str:
            async with places:
                try:
                    return await self._one(promised)
                finally:
                    del waiting[promised.claim.pipeline_id]

        renewing = asyncio.create_task(self._renewed(waiting))
        try:
            ended = await asyncio.gather(*(one(each) for each in taken if not each.moment.recoveries))
            return [*ended, *[await one(each) for each in taken if each.moment.recoveries]]
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renewed(self, waiting: Mapping[str, Claim]) -> None:
        """Keep the leases of what is not finished yet: a host that hangs holds the last ones up for long."""
        while waiting:
            await asyncio.sleep(self._renew_s)
            for claim in tuple(waiting.values()):
                with contextlib.suppress(PenstockError):
                    await self._recoveries.renew(claim)

    async def _one(self, promised: Promised) -> str:
        """Finish one record, in a try of its own: whatever is wrong with it stays with it."""
        try:
            return await self._finished(promised)
        except IdempotencyConflict:
            self._telemetry.count("fenced_writes")
        except PenstockError as problem:
            self._telemetry.log(
                "recovery.record_failed",
                level="warning",
                pipeline_id=promised.claim.pipeline_id,
                reason=problem.message,
            )
            await self._put_off(promised, self._every_s, forgiven=True)
        except Exception as problem:  # noqa: BLE001 -- see run()
            self._telemetry.log(
                "recovery.record_failed", level="error", pipeline_id=promised.claim.pipeline_id, exception=problem
            )
            await self._put_off(promised, _BROKEN_S)
        return "dropped"

    async def _put_off(self, promised: Promised, retry_in_s: float, *, forgiven: bool = False) -> None:
        """Give the lease back; when that cannot be done either, it runs out."""
        with contextlib.suppress(PenstockError):
            await self._recoveries.put_off(promised.claim, retry_in_s=retry_in_s, forgiven=forgiven)

    async def _finished(self, promised: Promised) -> str:
        pipeline_id = promised.claim.pipeline_id
        begun = await self._recoveries.begin(promised.claim)
        artifacts = await self._recoveries.kept_files(pipeline_id)
        promise = promise_of(promised, artifacts, last=self._clock.now() - promised.moment.since > LONGEST)
        if begun > MOST_RECOVERIES:
            self._telemetry.count("parked")
            self._telemetry.log("recovery.parked", level="error", pipeline_id=pipeline_id)
            detail = f"Work on it was begun {begun - 1} times, and nobody was heard of again."
            await self._finishing.give_up(promise, "poison", detail)
            return "parked"
        ended = await self._finishing.finish(promise)
        if ended.status is Status.ACTIVE:
            self._telemetry.count("rescued")
            self._telemetry.log("recovery.rescued", pipeline_id=pipeline_id, status=ended.status.value)
        return ended.status.value

    async def _tell(self, taken: int) -> None:
        live = await self._recoveries.live()
        self._telemetry.set_live_promises(live.count, live.oldest_s)
        if taken:
            self._telemetry.log("recovery.scanned", taken=taken, live=live.count, oldest_s=round(live.oldest_s, 1))
