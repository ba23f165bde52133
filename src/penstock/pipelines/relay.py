"""From the outbox to whoever listens: at least once, in the order of each pipeline (BEHAVIOUR.md C15, rows 87, 88)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.database.outbox import Outbox, Taken
from penstock.domain.events import Published
from penstock.pipelines.background import NotNow
from penstock.telemetry.service import Telemetry

if TYPE_CHECKING:
    from penstock.events.ports import EventSink

BATCH = 100


class Relay:
    """Publishes what waits. Any number of relays may share an outbox; no transaction is open while one publishes."""

    def __init__(self, outbox: Outbox, sink: EventSink, telemetry: Telemetry) -> None:
        self._outbox = outbox
        self._sink = sink
        self._telemetry = telemetry

    async def round(self) -> bool:
        """Publish some of what waits; return whether there may be more.

        Raises DatabaseFailed, Overloaded, and NotNow when the receiver is away.
        """
        taken = await self._outbox.take(BATCH)
        if not taken:
            return False
        told = await self._sink.publish([each.event for each in taken])
        done = [each.outbox_id for each in taken if each.event.event_id in told.done]
        if done:
            await self._outbox.published(done)
            self._telemetry.count_published(len(done))
        for each in taken:
            if each.event.event_id in told.refused:
                await self._refused(each, told.refused[each.event.event_id])
        if told.away is not None:
            await self._away(taken, told, told.away)
        return True

    async def _refused(self, taken: Taken, reason: str) -> None:
        parked = await self._outbox.refused(taken.outbox_id, reason)
        self._telemetry.count("events_refused")
        self._telemetry.log(
            "event.parked" if parked else "event.refused",
            level="error" if parked else "warning",
            event_id=taken.event.event_id,
            kind=taken.event.kind,
            reason=reason,
        )

    async def _away(self, taken: Sequence[Taken], told: Published, reason: str) -> None:
        kept = [
            each.outbox_id
            for each in taken
            if each.event.event_id not in told.done and each.event.event_id not in told.refused
        ]
        await self._outbox.release(kept)
        self._telemetry.log("events.sink_away", level="warning", reason=reason, waiting=len(kept))
        raise NotNow
