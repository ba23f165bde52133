"""The reconciler: finishes what was promised, whoever promised it and whatever became of them (BEHAVIOUR.md §2.1).

Level-triggered: every scan looks at all that is due, so what one scan drops the next one finds. It never generates and
never judges, since nobody was promised that.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.domain.pipelines import Status
from penstock.errors import IdempotencyConflict, PenstockError
from penstock.pipelines.finishing import Finishing, Promise

if TYPE_CHECKING:
    from penstock.database.recovery_ports import Promised, Recoveries
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

MOST_RECOVERIES = 10
"""Takeovers in a row without a word, after which a record is parked: one poison record must not stop the others."""
LONGEST = timedelta(hours=24)
_AT_ONCE = 4
_EVERY_S, _JITTER = 15.0, 0.2
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
        limit: int = 20,
    ) -> None:
        self._finishing = finishing
        self._recoveries = recoveries
        self._clock = clock
        self._telemetry = telemetry
        self._every_s = every_s
        self._limit = limit
        self._stopping = False

    async def run(self) -> None:
        """Scan until cancelled or stopped. A scan that fails is logged, and the next one comes all the same."""
        while not self._stopping:
            try:
                await self.scan()
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
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(promised: Promised) -> str:
            async with places:
                return await self._one(promised)

        ended = await asyncio.gather(*(one(each) for each in taken))
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
        except Exception as problem:  # noqa: BLE001 -- see run()
            self._telemetry.log(
                "recovery.record_failed", level="error", pipeline_id=promised.claim.pipeline_id, exception=problem
            )
            with contextlib.suppress(PenstockError):
                await self._recoveries.put_off(promised.claim, retry_in_s=_BROKEN_S)
        return "dropped"

    async def _finished(self, promised: Promised) -> str:
        pipeline_id = promised.claim.pipeline_id
        artifacts = await self._recoveries.kept_files(pipeline_id)
        promise = Promise(
            promised.claim,
            promised.order,
            artifacts,
            attempts=promised.moment.attempts,
            audit_state=promised.audit_state,
            trace_id=promised.trace_id,
        )
        if promised.moment.recoveries > MOST_RECOVERIES:
            self._telemetry.count("parked")
            self._telemetry.log("recovery.parked", level="error", pipeline_id=pipeline_id)
            detail = f"It was taken over {promised.moment.recoveries} times, and nobody was heard of again."
            await self._finishing.give_up(promise, "poison", detail)
            return "parked"
        if self._clock.now() - promised.moment.created_at > LONGEST:
            detail = "It could not be delivered for a day."
            return (await self._finishing.give_up(promise, "exhausted", detail)).status.value
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
