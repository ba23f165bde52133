"""What happened to a pipeline, as others are told of it; and how much of the record's own paperwork waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event. It may be delivered more than once, always with the same ``event_id``."""

    event_id: str
    kind: str
    """``pipeline.promised``, ``pipeline.active``, ..."""
    org_id: str
    pipeline_id: str | None
    """Events of one pipeline arrive in their order."""
    at: datetime
    payload: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return the event as receivers get it."""
        return {
            "event_id": self.event_id,
            "kind": self.kind,
            "org_id": self.org_id,
            "pipeline_id": self.pipeline_id,
            "at": self.at.isoformat(),
            "payload": self.payload,
        }


@dataclass(frozen=True, slots=True)
class Published:
    """What became of events that were handed to a receiver; what is named nowhere was not published."""

    done: frozenset[str] = frozenset()
    """Ids of events the receiver has."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Id of an event the receiver will not take -> why, in words."""
    away: str | None = None
    """Why the receiver could not take the rest."""


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What an organisation used on one day (UTC) of one kind: ``pipeline`` or ``model``."""

    day: date
    kind: str
    events: int
    tokens: int
    micro_usd: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits, and for how long (seconds)."""

    outbox_unpublished: int = 0
    outbox_age_s: float = 0.0
    outbox_parked: int = 0
    audit_unsealed: int = 0
    audit_unsealed_age_s: float = 0.0
    archive_pending: int = 0
    audit_pending_age_s: float = 0.0
    usage_waiting: int = 0


BACKLOG_FIELDS = tuple(each.name for each in fields(Backlog))
