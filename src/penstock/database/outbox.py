"""The outbox: events that were committed with what they tell of, on their way to whoever listens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost, failed
from penstock.database.rows import clean, document_of
from penstock.domain.events import BACKLOG_FIELDS, Backlog, Event

if TYPE_CHECKING:
    import asyncpg

_LEASE = timedelta(seconds=30)
"""How long events are ours to publish; longer than any receiver may take. A relay that dies delays them by as much."""
REFUSALS = 50
"""So often an event is refused before it is parked; BEHAVIOUR.md §4."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that is ours to publish until the lease ends."""

    outbox_id: int
    event: Event
    attempts: int


class Outbox:
    """The table of events. Every method raises DatabaseFailed, Overloaded."""

    def __init__(self, database: Database, *, lease: timedelta = _LEASE, refusals: int = REFUSALS) -> None:
        self._database = database
        self._lease = lease
        self._refusals = refusals

    async def take(self, limit: int) -> Sequence[Taken]:
        """Take events that wait, oldest first, of each pipeline only the first that waits."""
        try:
            row = await self._database.all("take_events", limit, self._lease)
        except AnswerLost as lost:  # whatever was taken comes back when the lease ends
            raise failed(lost.__cause__ or lost) from lost
        return sorted((_taken(each) for each in row), key=lambda each: each.outbox_id)

    async def published(self, taken: Collection[int]) -> None:
        """Remember that the receiver has them. When this fails they go out once more, with the same event_id."""
        await self._database.row("mark_published", list(taken), repeatable=True)

    async def release(self, taken: Collection[int]) -> None:
        """Give them back unpublished."""
        await self._database.row("release_events", list(taken), repeatable=True)

    async def refused(self, outbox_id: int, reason: str) -> bool:
        """Count a refusal of the event itself; tell whether it is parked now, and others pass it."""
        row = await self._database.row("refuse_event", outbox_id, clean(reason), self._refusals, repeatable=True)
        return bool(row and row["parked"])

    async def backlog(self) -> Backlog:
        """Return how much waits here, in the audit log, for the archive and to be rolled up."""
        row = await self._database.row("backlog", repeatable=True)
        return Backlog() if row is None else Backlog(**{name: row[name] for name in BACKLOG_FIELDS})


def _taken(row: asyncpg.Record) -> Taken:
    event = Event(
        event_id=str(row["event_id"]),
        kind=row["kind"],
        org_id=row["org_id"],
        pipeline_id=None if row["pipeline_id"] is None else str(row["pipeline_id"]),
        at=row["created_at"],
        payload=document_of(row["payload"]),
    )
    return Taken(row["outbox_id"], event, row["attempts"])
