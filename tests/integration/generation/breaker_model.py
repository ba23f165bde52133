"""What a circuit breaker should do, written from the specification's words alone; knows nothing of the product.

It remembers what happened and looks back, where the product keeps counts and moments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND = 1_000_000


@dataclass
class Said:
    """What the breaker answers to one event."""

    word: str = "none"
    wait: int = 0
    ignored: bool = False
    gave_up: bool = False


@dataclass
class Era:
    """A stretch of time in one state."""

    name: str
    number: int
    begun: int
    trouble: list[int] = field(default_factory=list)
    """Failures with no success between them (closed)."""
    good: int = 0
    """Probes that came back well (half open)."""
    probe: tuple[str, int] | None = None
    """The probe that is out, and when it went (half open)."""


class ExpectedBreaker:
    """Eras one after another: closed, open, half open, then closed or open again."""

    def __init__(self) -> None:
        self.eras = [Era("closed", 0, 0)]
        self.changes: list[tuple[str, str]] = []

    @property
    def era(self) -> Era:
        return self.eras[-1]

    def ask(self, now: int, name: str) -> Said:
        era = self.era
        if era.name == "closed":
            return Said("allow")
        if era.name == "open":
            era.begun = min(era.begun, now)  # it cannot have opened in the future
            left = era.begun + 30 * SECOND - now
            if left > 0:
                return Said("deny", left)
            self._enter("half open", now)
            self.era.probe = (name, now)
            return Said("probe")
        given_up = False
        if era.probe is not None:
            out, since = era.probe
            era.probe = (out, min(since, now))
            left = era.probe[1] + 35 * SECOND - now
            if left > 0:
                return Said("deny", left)
            given_up = True
        era.probe = (name, now)
        return Said("probe", gave_up=given_up)

    def told(self, now: int, number: int, name: str | None, outcome: str) -> Said:
        era = self.era
        if number == era.number and era.name == "closed" and name is None:
            if outcome == "success":
                era.trouble = []
            if outcome == "failure":
                known = [min(when, now) for when in era.trouble]
                era.trouble = [when for when in known if when > now - 60 * SECOND] + [now]
                if len(era.trouble) == 5:
                    self._enter("open", now)
            return Said()
        out, since = era.probe or (None, 0)
        if number == era.number and era.name == "half open" and name and name == out and now < since + 35 * SECOND:
            era.probe = None
            if outcome == "failure":
                self._enter("open", now)
            if outcome == "success":
                era.good += 1
                if era.good == 2:
                    self._enter("closed", now)
            return Said()
        return Said(ignored=outcome != "neutral")

    def _enter(self, name: str, now: int) -> None:
        self.changes.append((self.era.name, name))
        self.eras.append(Era(name, self.era.number + 1, now))
