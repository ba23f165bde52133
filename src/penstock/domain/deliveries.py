"""What a promise owes: where its files go, kept in the record so that anybody can finish it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

HOSTED = frozenset({"auto", "commit", "pull_request"})
"""Deliveries to a repository host; all others end on this machine or with the caller."""


@dataclass(frozen=True, slots=True)
class DeliveryOrder:
    """Everything that a delivery needs beside the files themselves."""

    mode: str
    """none, files, branch, auto, commit, pull_request."""
    repository: str | None = None
    """owner/name on the repository host."""
    branch: str | None = None
    """The branch to deliver into; None takes the repository's default branch."""
    service: str = ""
    title: str = ""
    body: str = ""
    """Markdown of the pull request."""
    skills: tuple[str, ...] = ()
    artifact_digest: str = ""
    overwrite: bool = False
    answer: Mapping[str, Any] = field(default_factory=dict)
    """What the caller is told beside files, state and delivery, whoever finishes the work."""

    def document(self) -> dict[str, Any]:
        """Return the order as it is kept."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> DeliveryOrder:
        """Return a kept order; fields of later versions are left alone (BEHAVIOUR.md row 93)."""
        known = {name: value for name, value in (document or {}).items() if name in cls.__dataclass_fields__}
        known["skills"] = tuple(known.get("skills") or ())
        return cls(**{"mode": "none", **known})


LEFT_TO_THE_CALLER = DeliveryOrder("none")
"""The caller gets the files and puts them wherever it likes."""


@dataclass(frozen=True, slots=True)
class Live:
    """How long promises have waited: what alerts go by, whoever rescues them."""

    count: int
    oldest_s: float
    """Age of the oldest promised record that has not ended; 0 when there is none."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Since when a promise waits and what has been tried since."""

    since: datetime
    """When it was made, or taken up again by its user."""
    recoveries: int
    """Times in a row that somebody took it over and was never heard of again."""
    attempts: int
    """Deliveries that ended without success."""
