"""What the relay needs of whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.domain.events import Event, Published


class EventSink(Protocol):
    """A receiver of events. It may get one twice, with the same ``event_id``; those of a pipeline come in order."""

    async def publish(self, events: Sequence[Event]) -> Published:
        """Hand events over, at most one per pipeline; return what became of each. An absent receiver is no error."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
