"""What generation needs of others: leave to ask the model, seen alike by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from penstock.generation.breaker_rules import Ruling

CLOSED, OPEN, HALF_OPEN = 0, 1, 2
"""States of a circuit breaker, numbered as the specification's gauge numbers them."""

Outcome = Literal["success", "failure", "neutral"]
"""What became of one attempt. success: a complete message, whatever it says. failure: the model could not be used
(connection, timeouts, 5xx, 429, cut streams, a refused credential). neutral: says nothing about the model (our own
cancel, 400, 413)."""

Source = Literal["shared", "local"]


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to one wish to ask the model. When ``allowed``, tell ``Breaker.report`` what became of it."""

    allowed: bool
    state: int
    epoch: int
    """Grows with every change of state; a result of another epoch does not count."""
    probe_id: str | None
    """Set when this is the one attempt of a half-open breaker: do not repeat it, whatever comes of it."""
    retry_after_s: float
    """Seconds until asking again can help; 0 when allowed."""
    source: Source
    """Where it was decided: in Redis for all processes, or in this one alone while Redis is away."""


class Breaker(Protocol):
    """Asked before every attempt, told after it. No method raises."""

    async def permit(self) -> Permit:
        """Ask whether the model may be asked now."""
        ...

    async def report(self, permit: Permit, outcome: Outcome) -> None:
        """Tell what became of an attempt that was allowed."""
        ...

    async def state(self) -> int:
        """Return the state as it is now, and show it in the metrics."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


class SharedStateAway(Exception):
    """The shared state did not answer in time, or not as it should."""


class SharedBreaker(Protocol):
    """The breaker that all processes share, one trip each. Every method raises SharedStateAway; none tries twice."""

    async def permit(self, probe_id: str) -> Ruling:
        """Ask for leave; ``probe_id`` names the attempt if it becomes the probe."""
        ...

    async def report(self, epoch: int, probe_id: str | None, outcome: Outcome) -> Ruling:
        """Tell what became of an attempt."""
        ...

    async def look(self) -> Ruling:
        """Read the breaker and change nothing."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
