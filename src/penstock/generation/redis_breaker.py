"""The shared circuit breaker in Redis or Valkey: one script, one trip, one try (BEHAVIOUR.md §3, §4)."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from penstock.generation.breaker_rules import BreakerLimits, BreakerView, Ruling
from penstock.generation.ports import Outcome, SharedStateAway
from penstock.kit.shared_script import NotAnswered, SharedScript

_SCRIPT = (files("penstock.generation") / "breaker.lua").read_text()


class RedisBreaker:
    """The breaker of one model in one Redis. ``url`` is redis://, rediss:// or unix://.

    Time is the server's own, so all processes see the same; ``now_us`` replaces it in tests. ``timeout_s`` bounds each
    step of a command. Raises InvalidConfiguration for an address of another kind.
    """

    def __init__(
        self,
        url: str,
        model: str,
        limits: BreakerLimits,
        *,
        timeout_s: float = 0.05,
        now_us: Callable[[], int] = lambda: 0,
    ) -> None:
        self._script = SharedScript(url, _SCRIPT, timeout_s=timeout_s)
        self._key = f"cb:{{claude:{model}}}"
        self._now_us = now_us
        shown = (limits.failures, limits.window_us, limits.open_us, limits.lease_us, limits.successes)
        self._limits = tuple(map(str, shown))

    async def permit(self, probe_id: str) -> Ruling:
        """Ask for leave; ``probe_id`` names the attempt if it becomes the probe."""
        return await self._run("permit", probe_id)

    async def report(self, epoch: int, probe_id: str | None, outcome: Outcome) -> Ruling:
        """Tell what became of an attempt."""
        return await self._run("report", probe_id or "", str(epoch), outcome)

    async def look(self) -> Ruling:
        """Read the breaker and change nothing."""
        return await self._run("look", "")

    async def close(self) -> None:
        """Close the connections."""
        await self._script.close()

    async def _run(self, op: str, *told: str) -> Ruling:
        try:
            return _ruling(await self._script.run([self._key], [op, str(self._now_us()), *self._limits, *told]))
        except NotAnswered as problem:
            raise SharedStateAway(str(problem)) from problem


def _ruling(answer: list[Any]) -> Ruling:
    decision, before, now, wait, late, expired, state, epoch, failures, until, successes, probe, lease = answer
    view = BreakerView(
        state=state,
        epoch=epoch,
        failures=tuple(map(int, failures.split())),
        until=until,
        successes=successes,
        probe_id=probe.decode() or None,
        lease=lease,
    )
    return Ruling(view, before, now, decision.decode(), wait, late=bool(late), probe_expired=bool(expired))
