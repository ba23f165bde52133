"""How often a user may ask: counted in Redis for all processes, in this process while Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.gateway.ports import SharedCounters, SharedCountersAway
from penstock.gateway.window import Taken, Window

if TYPE_CHECKING:
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

SKIP_S = 1.0
"""Seconds Redis is left alone after it failed (BEHAVIOUR.md fault 22)."""


class Limiter:
    """A sliding window per user, ``per_minute`` wide.

    When Redis fails, this process goes on counting alone and admits at most ``per_minute`` itself. It has counted
    along all the time, so who used up the allowance just before does not get it again.
    """

    def __init__(self, shared: SharedCounters | None, *, per_minute: int, clock: Clock, telemetry: Telemetry) -> None:
        self.per_minute = per_minute
        self._shared = shared
        self._clock = clock
        self._telemetry = telemetry
        self._local = Window()
        self._skip_until = float("-inf")
        self._mode = ""

    async def take(self, org_id: str, principal_id: str) -> Taken:
        """Count one request of a user if it fits."""
        name = _name(org_id, principal_id)
        taken = await self._shared_take(name)
        if taken is None:
            self._show("local")
            return self._local.take(name, self.per_minute, self._now_us())
        self._show("shared")
        if taken.admitted:
            self._local.record(name, self._now_us())
        return taken

    async def _shared_take(self, name: str) -> Taken | None:
        if self._shared is None or self._clock.monotonic() < self._skip_until:
            return None
        try:
            return await self._shared.take(name, self.per_minute)
        except SharedCountersAway as problem:
            self._skip_until = self._clock.monotonic() + SKIP_S
            self._telemetry.count("limiter_errors")
            if self._mode != "local":
                self._telemetry.log("limiter.redis_failed", level="warning", reason=str(problem))
            return None

    def _now_us(self) -> int:
        return int(self._clock.monotonic() * 1_000_000)

    def _show(self, mode: str) -> None:
        if mode != self._mode:
            self._mode = mode
            self._telemetry.set_limiter_mode(mode)


def _name(org_id: str, principal_id: str) -> str:
    """Return one name for the two: with the length in front no other pair has the same (POLICY.md §4, H51)."""
    return f"{len(org_id)}:{org_id}:{principal_id}"
