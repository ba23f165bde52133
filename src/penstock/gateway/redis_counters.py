"""The shared counters in Redis or Valkey: one script, one trip, one try (BEHAVIOUR.md §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from penstock.errors import InvalidConfiguration
from penstock.gateway.ports import SharedCountersAway
from penstock.gateway.window import Taken

_SCRIPT = (files("penstock.gateway") / "sliding_window.lua").read_text()
_SHA = hashlib.sha1(_SCRIPT.encode()).hexdigest()  # noqa: S324 -- the name Redis gives a script
_EPOCH = "penstock:keys_epoch"
_MOST_CONNECTIONS = 256
_REPLY_TO_PING = (True, b"PONG")


class RedisCounters:
    """Counters in one Redis. ``url`` is redis://, rediss:// or unix://; ``timeout_s`` bounds each step of a command.

    The library's own retries are off (ten by default). Raises InvalidConfiguration for an address of another kind.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.05) -> None:
        try:
            pool = ConnectionPool.from_url(
                url,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
                retry_on_timeout=False,
                protocol=2,  # the default says HELLO first: a trip more
                driver_info=None,  # and introduces itself: two more
                max_connections=_MOST_CONNECTIONS,
            )
        except ValueError as problem:
            message = "The address of Redis cannot be read: it begins with redis://, rediss:// or unix://."
            raise InvalidConfiguration(message, fields=["PENSTOCK_REDIS__URL"]) from problem
        self._redis: Any = Redis(
            connection_pool=pool
        )  # its methods are typed for a blocking and an async client at once

    async def take(self, name: str, limit: int, *, now_us: int = 0) -> Taken:
        """Count one request if it fits. ``now_us`` replaces the server's clock in tests."""
        key = "penstock:rate:" + hashlib.sha256(name.encode()).hexdigest()[:32]
        admitted, remaining, wait_us, reset_us, epoch = await self._run(key, _EPOCH, str(limit), str(now_us))
        return Taken(bool(admitted), remaining, wait_us, reset_us, epoch)

    async def revoked(self) -> None:
        """Begin a new epoch of keys."""
        await _answered(self._redis.incr(_EPOCH))

    async def ping(self) -> None:
        """Return when Redis answers."""
        if await _answered(self._redis.execute_command("PING")) not in _REPLY_TO_PING:
            message = "Redis gave a strange answer to PING."
            raise SharedCountersAway(message)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _run(self, *arguments: str) -> Any:
        """Run the script by its name; a server that does not know it (restarted, flushed) is sent it once."""
        try:
            return await _answered(self._redis.execute_command("EVALSHA", _SHA, 2, *arguments))
        except SharedCountersAway as problem:
            if not isinstance(problem.__cause__, NoScriptError):
                raise
        return await _answered(self._redis.execute_command("EVAL", _SCRIPT, 2, *arguments))


async def _answered(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except (RedisError, OSError) as problem:
        raise SharedCountersAway(type(problem).__name__) from problem
