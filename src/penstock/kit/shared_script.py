"""A Lua script in Redis or Valkey: one trip, one try, every fault the same exception."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Sequence
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from penstock.errors import InvalidConfiguration

_MOST_CONNECTIONS = 256


class NotAnswered(Exception):
    """The server did not answer in time, or with an error; the text is the kind of fault."""


class SharedScript:
    """One script on one server. ``url`` is redis://, rediss:// or unix://; ``timeout_s`` bounds each step of a command.

    The library's own retries are off (ten by default). Raises InvalidConfiguration for an address of another kind.
    """

    def __init__(self, url: str, text: str, *, timeout_s: float = 0.05) -> None:
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
        self._redis: Any = Redis(connection_pool=pool)  # typed for a blocking and an async client at once
        self._text = text
        self._sha = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 -- the name Redis gives a script

    async def run(self, keys: Sequence[str], arguments: Sequence[str]) -> Any:
        """Run the script by its name; a server that does not know it (restarted, flushed) is sent it once.

        Raises NotAnswered.
        """
        told = (len(keys), *keys, *arguments)
        try:
            return await _answered(self._redis.execute_command("EVALSHA", self._sha, *told))
        except NotAnswered as problem:
            if not isinstance(problem.__cause__, NoScriptError):
                raise
        return await _answered(self._redis.execute_command("EVAL", self._text, *told))

    async def command(self, *words: str) -> Any:
        """Run a plain command on the same server. Raises NotAnswered."""
        return await _answered(self._redis.execute_command(*words))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


async def _answered(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except (RedisError, OSError) as problem:
        raise NotAnswered(type(problem).__name__) from problem
