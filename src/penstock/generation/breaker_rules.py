"""The circuit breaker's table (BEHAVIOUR.md §3) as pure functions: what is kept, an event and a time give what is kept.

    CLOSED     every attempt is allowed. Five failures within 60 s with no success between them open it.
    OPEN       every attempt is denied for 30 s. Then the next one that asks becomes the probe.
    HALF_OPEN  one probe at a time, others are denied. Two successes in a row close it, one failure opens it again.
               A probe that says nothing for 35 s is replaced: a dead process tells nothing about the model.

Each change of state begins a new epoch, and results of attempts that were allowed in another are ignored: they come
late. breaker.lua is the twin of this file. Times are whole microseconds of any one clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from penstock.generation.ports import CLOSED, HALF_OPEN, OPEN, Outcome

SECOND = 1_000_000
"""Microseconds."""

Decision = Literal["deny", "allow", "probe", "none"]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When the breaker opens, how long it waits, what closes it."""

    failures: int = 5
    window_s: float = 60.0
    open_s: float = 30.0
    probe_lease_s: float = 35.0
    """Longer than one attempt may take (30 s), so that only a dead prober lets it run out."""
    successes: int = 2

    @property
    def window_us(self) -> int:
        """Return the window in microseconds."""
        return round(self.window_s * SECOND)

    @property
    def open_us(self) -> int:
        """Return the wait in microseconds."""
        return round(self.open_s * SECOND)

    @property
    def lease_us(self) -> int:
        """Return the probe's lease in microseconds."""
        return round(self.probe_lease_s * SECOND)


@dataclass(frozen=True, slots=True)
class BreakerView:
    """What is kept of one breaker. A new one is closed and has seen nothing."""

    state: int = CLOSED
    epoch: int = 0
    failures: tuple[int, ...] = ()
    """CLOSED: when the failures since the last success happened, oldest first."""
    until: int = 0
    """OPEN: when the next probe may be given."""
    successes: int = 0
    """HALF_OPEN: probes that succeeded so far."""
    probe_id: str | None = None
    lease: int = 0
    """HALF_OPEN with a probe: when it counts as dead."""

    def on_clock(self, ahead: int) -> BreakerView:
        """Return the same on a clock that is ``ahead`` of this one."""
        failures = tuple(moment + ahead for moment in self.failures)
        return replace(self, failures=failures, until=self.until + ahead, lease=self.lease + ahead)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of one event: what is kept now, and what is to be told."""

    view: BreakerView
    before: int
    """The state before the event; a transition happened where ``view.state`` differs."""
    now: int
    decision: Decision = "none"
    """Of a wish for leave."""
    wait: int = 0
    """Until asking again can help, when denied."""
    late: bool = False
    """A result that did not count: of another epoch, or not of the live probe."""
    probe_expired: bool = False
    """The probe before this one was given up."""


def ask(view: BreakerView, now: int, probe_id: str, limits: BreakerLimits) -> Ruling:
    """Rule on a wish for leave; ``probe_id`` names the attempt if it becomes the probe."""
    if view.state == CLOSED:
        return Ruling(view, CLOSED, now, "allow")
    if view.state == OPEN:
        until = min(view.until, now + limits.open_us)  # a clock that was set back must not lengthen the wait
        if now < until:
            return Ruling(replace(view, until=until), OPEN, now, "deny", wait=until - now)
        begun = BreakerView(HALF_OPEN, view.epoch + 1, probe_id=probe_id, lease=now + limits.lease_us)
        return Ruling(begun, OPEN, now, "probe")
    lease = min(view.lease, now + limits.lease_us)
    if view.probe_id is not None and now < lease:
        return Ruling(replace(view, lease=lease), HALF_OPEN, now, "deny", wait=lease - now)
    given = replace(view, probe_id=probe_id, lease=now + limits.lease_us)
    return Ruling(given, HALF_OPEN, now, "probe", probe_expired=view.probe_id is not None)


def hear(  # noqa: PLR0917 -- an event of the table, spelled out
    view: BreakerView, now: int, epoch: int, probe_id: str | None, outcome: Outcome, limits: BreakerLimits
) -> Ruling:
    """Rule on the result of an attempt that was allowed in ``epoch``, as a probe or not."""
    if not _counts(view, now, epoch, probe_id):
        return Ruling(view, view.state, now, late=outcome != "neutral")
    after = _closed_hears(view, now, outcome, limits) if view.state == CLOSED else _probed(view, now, outcome, limits)
    return Ruling(after, view.state, now)


def live_failures(view: BreakerView, now: int, limits: BreakerLimits) -> tuple[int, ...]:
    """Return when the failures happened that still count. One in the future, left by a clock set back, is of now."""
    moments = (min(moment, now) for moment in view.failures)
    return tuple(moment for moment in moments if now - moment < limits.window_us)


def _counts(view: BreakerView, now: int, epoch: int, probe_id: str | None) -> bool:
    if epoch != view.epoch or probe_id != view.probe_id or view.state == OPEN:
        return False
    return view.state == CLOSED or (probe_id is not None and now < view.lease)


def _closed_hears(view: BreakerView, now: int, outcome: Outcome, limits: BreakerLimits) -> BreakerView:
    if outcome == "neutral":
        return view
    if outcome == "success":
        return replace(view, failures=())
    failures = (*live_failures(view, now, limits), now)
    return _opened(view, now, limits) if len(failures) >= limits.failures else replace(view, failures=failures)


def _probed(view: BreakerView, now: int, outcome: Outcome, limits: BreakerLimits) -> BreakerView:
    if outcome == "failure":
        return _opened(view, now, limits)
    successes = view.successes + (outcome == "success")
    if successes >= limits.successes:
        return BreakerView(CLOSED, view.epoch + 1)
    return replace(view, successes=successes, probe_id=None, lease=0)


def _opened(view: BreakerView, now: int, limits: BreakerLimits) -> BreakerView:
    return BreakerView(OPEN, view.epoch + 1, until=now + limits.open_us)
