"""The circuit breaker that callers ask: the shared one, and this process' own while Redis is away."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from penstock.generation.breaker_rules import SECOND, BreakerLimits, BreakerView, Ruling
from penstock.generation.local_breaker import LocalBreaker
from penstock.generation.ports import CLOSED, OPEN, Outcome, Permit, SharedBreaker, SharedStateAway, Source

if TYPE_CHECKING:
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

SKIP_S = 1.0
"""Seconds Redis is left alone after it failed (BEHAVIOUR.md fault 22)."""
REFRESH_S = 10.0
"""Seconds between two looks at the shared state for the metrics."""


class CircuitBreaker:
    """The breaker of one model for one process; ``model`` names it in logs and metrics.

    When Redis fails, this process goes on by itself from what it last saw there. When Redis is back, an own breaker
    that is open keeps denying until its wait is over; from then on the shared one decides.
    """

    def __init__(
        self, shared: SharedBreaker | None, *, model: str, limits: BreakerLimits, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._shared = shared
        self._local = LocalBreaker(limits, clock)
        self._model = model
        self._clock = clock
        self._telemetry = telemetry
        self._skip_until = float("-inf")
        self._seen: BreakerView | None = None
        self._source = ""
        telemetry.set_breaker_state(model, CLOSED, clock.now())

    async def permit(self) -> Permit:
        """Ask whether the model may be asked now. A caller that is allowed and then says nothing is forgotten."""
        probe_id = uuid.uuid4().hex
        ruling: Ruling | None = None
        source: Source = "shared"
        if not self._local.waits():
            ruling = await self._answer(lambda shared: shared.permit(probe_id))
        if ruling is None:
            ruling, source = self._local.permit(probe_id), "local"
        self._tell(ruling, source)
        self._telemetry.count_breaker_decision(ruling.decision)
        return Permit(
            allowed=ruling.decision != "deny",
            state=ruling.view.state,
            epoch=ruling.view.epoch,
            probe_id=probe_id if ruling.decision == "probe" else None,
            retry_after_s=ruling.wait / SECOND,
            source=source,
        )

    async def report(self, permit: Permit, outcome: Outcome) -> None:
        """Tell what became of an attempt, to the breaker that allowed it; to our own when Redis is away by now."""
        if not permit.allowed:
            return
        ruling: Ruling | None = None
        source = permit.source
        if source == "shared":
            ruling = await self._answer(lambda shared: shared.report(permit.epoch, permit.probe_id, outcome))
        if ruling is None:
            ruling, source = self._local.report(permit.epoch, permit.probe_id, outcome), "local"
        self._tell(ruling, source)

    async def state(self) -> int:
        """Return the state as it is now, and show it in the metrics."""
        ruling = await self._answer(lambda shared: shared.look())
        state = self._local.view.state if ruling is None else ruling.view.state
        if self._local.waits():
            state = OPEN
        self._show("shared" if ruling is not None and not self._local.waits() else "local")
        self._telemetry.set_breaker_state(self._model, state, self._clock.now())
        return state

    async def watch(self) -> None:
        """Keep the metrics fresh until cancelled: a process without traffic would show an old state for ever."""
        while True:
            await self.state()
            await self._clock.sleep(REFRESH_S)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._shared is not None:
            await self._shared.close()

    async def _answer(self, question: Callable[[SharedBreaker], Awaitable[Ruling]]) -> Ruling | None:
        """Ask the shared breaker; None while it is away."""
        if self._shared is None or self._clock.monotonic() < self._skip_until:
            return None
        try:
            ruling = await question(self._shared)
        except SharedStateAway as problem:
            self._go_on_alone(str(problem))
            return None
        self._seen = ruling.view.on_clock(self._local.now() - ruling.now)
        return ruling

    def _go_on_alone(self, reason: str) -> None:
        self._skip_until = self._clock.monotonic() + SKIP_S
        if self._seen is not None:
            self._local.adopt(self._seen)
            self._seen = None
        self._telemetry.count("breaker_errors")
        if self._source != "local":
            self._telemetry.log("breaker.redis_failed", level="warning", model=self._model, reason=reason)

    def _tell(self, ruling: Ruling, source: Source) -> None:
        """Tell what an event did; each change of the shared breaker is told by the one process that caused it."""
        self._show(source)
        before, after = ruling.before, ruling.view.state
        if before != after:
            self._telemetry.count_breaker_transition(before, after)
        if before == CLOSED and after == OPEN:
            self._telemetry.log("breaker.opened", level="warning", model=self._model, source=source)
        if before != CLOSED and after == CLOSED:
            self._telemetry.log("breaker.closed", model=self._model, source=source)
        if ruling.late:
            self._telemetry.count_late_result()
        if ruling.probe_expired:
            self._telemetry.count_expired_probe()

    def _show(self, source: Source) -> None:
        if source != self._source:
            self._source = source
            self._telemetry.set_breaker_source(source)
