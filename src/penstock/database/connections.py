"""The pool of connections, and how one statement is sent: when it is tried again, and when it must not be.

Each statement is a transaction of its own, so none is ever open while anything else is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.database.failures import (
    AnswerLost,
    Verdict,
    failed,
    is_of_the_driver,
    is_spent,
    sqlstate,
    transient,
    unreachable,
    verdict,
)  # fmt: skip
from penstock.database.queries import queries
from penstock.errors import DatabaseFailed, Overloaded, PenstockError
from penstock.kit.clock import Clock, SystemClock
from penstock.telemetry.service import Telemetry

if TYPE_CHECKING:
    import asyncpg

_ACQUIRE_S, _CONNECT_S, _CLOSE_S = 0.5, 1.0, 2.0
_MARGIN_S = 0.5
"""How much longer than the server's own limit a statement may take before its connection is given up."""
_LOCK_TIMEOUT_MS, _IDLE_IN_TRANSACTION_MS = 500, 5_000
_CONNECT_WAITS_S = (0.1, 0.3)
_ROLLED_BACK_WAIT_S = 0.05
_TRIES_AGAIN = {Verdict.AGAIN: 3, Verdict.AGAIN_ONCE: 1, Verdict.ELSEWHERE: 1}


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The numbers of a pool; the defaults are the specification's."""

    least: int = 10
    most: int = 50
    idle_s: float = 300.0
    lifetime_s: float = 1800.0
    statement_timeout_ms: int = 1000


@asynccontextmanager
async def open_database(
    dsn: str, limits: PoolLimits | None = None, *, telemetry: Telemetry | None = None, clock: Clock | None = None
) -> AsyncIterator[Database]:
    """Open a pool and close it at the end. Raises DatabaseFailed when the database cannot be reached."""
    import asyncpg

    limits = limits or PoolLimits()
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # its failures are told by those who meet them
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min(limits.least, limits.most),
            max_size=limits.most,
            max_inactive_connection_lifetime=limits.idle_s,
            timeout=_CONNECT_S,
            command_timeout=limits.statement_timeout_ms / 1000 + _MARGIN_S,
            reset=_nothing_to_reset,
            server_settings={
                "application_name": "penstock",
                "statement_timeout": str(limits.statement_timeout_ms),
                "lock_timeout": str(min(_LOCK_TIMEOUT_MS, limits.statement_timeout_ms)),
                "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
            },
        )
    except Exception as problem:
        raise unreachable(problem) from problem
    try:
        yield Database(pool, limits, telemetry=telemetry or Telemetry(), clock=clock or SystemClock())
    finally:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await pool.close()
        except TimeoutError:
            pool.terminate()


async def _nothing_to_reset(_connection: object) -> None:
    """Single statements leave no session state behind; the driver's own reset would cost a trip each time."""


class Database:
    """Sends the statements of queries.sql by name."""

    def __init__(self, pool: asyncpg.Pool, limits: PoolLimits, *, telemetry: Telemetry, clock: Clock) -> None:
        self.clock = clock
        self._pool = pool
        self._limits = limits
        self._telemetry = telemetry
        self._queries = queries()
        self._pause = _Pause()
        self._renewed_at = clock.monotonic()

    async def row(self, name: str, *values: Any, repeatable: bool = False) -> asyncpg.Record | None:
        """Return the statement's first row. ``repeatable``: running it twice is the same as running it once.

        Raises DatabaseFailed, Overloaded, and AnswerLost for what is not repeatable when the connection broke.
        """
        rows = await self._send(name, values, repeatable=repeatable)
        return rows[0] if rows else None

    async def rows(self, name: str, *values: Any) -> Sequence[asyncpg.Record]:
        """Return the rows of a statement that only reads. Raises DatabaseFailed, Overloaded."""
        return await self._send(name, values, repeatable=True)

    async def all(self, name: str, *values: Any) -> Sequence[asyncpg.Record]:
        """Return every row of a statement that writes, sent once. Raises DatabaseFailed, Overloaded, AnswerLost."""
        return await self._send(name, values, repeatable=False)

    def count(self, what: str) -> None:
        """Count a rare happening."""
        self._telemetry.count(what)

    async def _send(self, name: str, values: Sequence[Any], *, repeatable: bool) -> Sequence[asyncpg.Record]:
        tried: Counter[Verdict] = Counter()
        while True:
            try:
                async with self._connection() as connection:
                    found: Sequence[asyncpg.Record] = await connection.fetch(self._queries[name], *values)
                    return found
            except PenstockError:
                raise
            except Exception as problem:
                if not is_of_the_driver(problem):
                    raise
                await self._before_another_try(name, problem, tried, repeatable=repeatable)

    async def _before_another_try(
        self, name: str, problem: Exception, tried: Counter[Verdict], *, repeatable: bool
    ) -> None:
        """Wait when the statement may be sent again; raise what its failure means when not."""
        judged = verdict(problem)
        tried[judged] += 1
        allowed = 1 if judged is Verdict.UNKNOWN and repeatable else _TRIES_AGAIN.get(judged, 0)
        again = tried[judged] <= allowed
        self._telemetry.log(
            "database.statement_failed",
            level="warning" if again else "error",
            query=name,
            kind=type(problem).__name__,
            sqlstate=sqlstate(problem),
            constraint=getattr(problem, "constraint_name", None),
            again=again,
        )
        if not again:
            if judged is Verdict.UNKNOWN and not repeatable:
                raise AnswerLost from problem
            raise failed(problem) from problem
        self._telemetry.count("db_retries")
        if judged is Verdict.ELSEWHERE:
            await self._pool.expire_connections()
        await self.clock.sleep(random.uniform(0, _ROLLED_BACK_WAIT_S * 2 ** tried[judged]))  # noqa: S311 -- spreads retries, protects nothing

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Lend a connection; one whose state is not certain any more is thrown away."""
        connection = await self._acquire()
        try:
            yield connection
        except BaseException as problem:
            if is_spent(problem):
                connection.terminate()
            raise
        finally:
            await self._pool.release(connection)

    async def _acquire(self) -> Any:
        """Return a connection of the pool. Raises DatabaseFailed after two retries, Overloaded when all are lent."""
        await self._renew()
        for wait in (*_CONNECT_WAITS_S, None):
            self._pause.check(self.clock.monotonic())
            try:
                connection = await self._pool.acquire(timeout=_ACQUIRE_S)
            except Exception as problem:
                if not is_of_the_driver(problem):
                    raise
                if isinstance(problem, TimeoutError) and self._all_lent():
                    self._telemetry.count("db_pool_exhausted")
                    message = "Every connection to the database is in use."
                    raise Overloaded(message) from problem
                self._pause.note(self.clock.monotonic())
                self._telemetry.log(
                    "database.connect_failed", level="warning", kind=type(problem).__name__, sqlstate=sqlstate(problem)
                )
                if wait is None or not transient(problem):
                    raise unreachable(problem) from problem
                await self.clock.sleep(random.uniform(0, wait))  # noqa: S311 -- as above
            else:
                self._pause.clear()
                return connection
        raise AssertionError

    def _all_lent(self) -> bool:
        return self._pool.get_size() >= self._limits.most and self._pool.get_idle_size() == 0

    async def _renew(self) -> None:
        """Mark every connection as old when the lifetime is over: each is replaced when it is next used."""
        now = self.clock.monotonic()
        if now - self._renewed_at >= self._limits.lifetime_s:
            self._renewed_at = now
            await self._pool.expire_connections()


_FAILURES, _WITHIN_S, _PAUSE_S = 3, 5.0, 1.0


@dataclass(slots=True)
class _Pause:
    """After three failures to connect within 5 s, work fails at once for 1 s: nobody piles up (BEHAVIOUR.md C57)."""

    failures: deque[float] = field(default_factory=lambda: deque(maxlen=_FAILURES))
    until: float = float("-inf")

    def check(self, now: float) -> None:
        if now < self.until:
            message = "The database cannot be reached: it was tried a moment ago."
            raise DatabaseFailed(message)

    def note(self, now: float) -> None:
        self.failures.append(now)
        if len(self.failures) == _FAILURES and now - self.failures[0] <= _WITHIN_S:
            self.until = now + _PAUSE_S

    def clear(self) -> None:
        self.failures.clear()
        self.until = float("-inf")
