"""The circuit breaker of this process alone, for when Redis is away or there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.generation.breaker_rules import SECOND, BreakerLimits, BreakerView, Ruling, ask, hear, live_failures
from penstock.generation.ports import CLOSED, OPEN, Outcome

if TYPE_CHECKING:
    from penstock.kit.clock import Clock


class LocalBreaker:
    """The table of breaker_rules.py on this machine's monotonic clock."""

    def __init__(self, limits: BreakerLimits, clock: Clock) -> None:
        self.view = BreakerView()
        self._limits = limits
        self._clock = clock

    def permit(self, probe_id: str) -> Ruling:
        """Ask for leave; ``probe_id`` names the attempt if it becomes the probe."""
        return self._keep(ask(self.view, self.now(), probe_id, self._limits))

    def report(self, epoch: int, probe_id: str | None, outcome: Outcome) -> Ruling:
        """Tell what became of an attempt."""
        return self._keep(hear(self.view, self.now(), epoch, probe_id, outcome, self._limits))

    def waits(self) -> bool:
        """Whether it is open and its wait is not over."""
        return self.view.state == OPEN and self.now() < self.view.until

    def adopt(self, view: BreakerView) -> None:
        """Go on from what the shared breaker last showed (on this clock), or from here where here is stricter."""
        if self.waits():
            return
        if view.state == CLOSED == self.view.state:
            now = self.now()
            here, there = (live_failures(each, now, self._limits) for each in (self.view, view))
            view = replace(view, failures=max(there, here, key=len))
        self.view = view

    def now(self) -> int:
        """Return the clock's microseconds."""
        return round(self._clock.monotonic() * SECOND)

    def _keep(self, ruling: Ruling) -> Ruling:
        self.view = ruling.view
        return ruling
