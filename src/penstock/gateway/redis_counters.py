"""The shared counters in Redis or Valkey: one script, one trip, one try (BEHAVIOUR.md §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any

from penstock.gateway.ports import SharedCountersAway
from penstock.gateway.window import Taken
from penstock.kit.shared_script import NotAnswered, SharedScript

_SCRIPT = (files("penstock.gateway") / "sliding_window.lua").read_text()
_EPOCH = "penstock:keys_epoch"
_REPLY_TO_PING = (True, b"PONG")


class RedisCounters:
    """Counters in one Redis. ``url`` is redis://, rediss:// or unix://; ``timeout_s`` bounds each step of a command.

    Raises InvalidConfiguration for an address of another kind.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.05) -> None:
        self._script = SharedScript(url, _SCRIPT, timeout_s=timeout_s)

    async def take(self, name: str, limit: int, *, now_us: int = 0) -> Taken:
        """Count one request if it fits. ``now_us`` replaces the server's clock in tests."""
        key = "penstock:rate:" + hashlib.sha256(name.encode()).hexdigest()[:32]
        counted = await _answered(self._script.run([key, _EPOCH], [str(limit), str(now_us)]))
        admitted, remaining, wait_us, reset_us, epoch = counted
        return Taken(bool(admitted), remaining, wait_us, reset_us, epoch)

    async def revoked(self) -> None:
        """Begin a new epoch of keys."""
        await _answered(self._script.command("INCR", _EPOCH))

    async def ping(self) -> None:
        """Return when Redis answers."""
        if await _answered(self._script.command("PING")) not in _REPLY_TO_PING:
            message = "Redis gave a strange answer to PING."
            raise SharedCountersAway(message)

    async def close(self) -> None:
        """Close the connections."""
        await self._script.close()


async def _answered(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except NotAnswered as problem:
        raise SharedCountersAway(str(problem)) from problem
