"""What the tests of events, audit chain and usage share: rows to begin with, a receiver, a clock that runs by itself."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from record_parts import SMALL, Tables, plan, records, request

from penstock.database.connections import Database, open_database
from penstock.domain.events import Event, Published
from penstock.domain.pipelines import Status
from penstock.errors import Unavailable


class RunningClock:
    """Time passes only while somebody sleeps: an hour takes no time at all."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.passed += seconds


@dataclass
class Receiver:
    """Remembers what it got, may be away, and may refuse."""

    away: Callable[[], bool] = lambda: False
    refuses: Callable[[Event], bool] = lambda _event: False
    got: list[Event] = field(default_factory=list)
    asked: int = 0

    async def publish(self, events: Sequence[Event]) -> Published:
        self.asked += 1
        if self.away():
            return Published(away="it is away")
        refused = {event.event_id: "too large" for event in events if self.refuses(event)}
        taken = [event for event in events if event.event_id not in refused]
        self.got += taken
        return Published(frozenset(event.event_id for event in taken), refused)

    async def close(self) -> None:
        """Nothing is open."""

    def kinds(self, pipeline_id: str) -> list[str]:
        return [event.kind for event in self.got if event.pipeline_id == pipeline_id]


@dataclass
class Objects:
    """A place for bytes that may be away."""

    kept: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    async def put_new(self, path: str, content: bytes) -> bool:
        if self.away:
            raise Unavailable
        if path in self.kept:
            return False
        self.kept[path] = content
        return True

    async def get(self, path: str) -> bytes | None:
        return self.kept.get(path)

    async def list(self, prefix: str) -> Sequence[str]:
        if self.away:
            raise Unavailable
        return sorted(path for path in self.kept if path.startswith(prefix))


@asynccontextmanager
async def database(dsn: str) -> AsyncIterator[Database]:
    async with open_database(dsn, SMALL) as opened:
        yield opened


async def finished(dsn: str, **changes: Any) -> str:
    """Make one pipeline from claim to active, and return its id: two events, three audit rows, one of usage."""
    async with records(dsn) as record:
        claim = await record.claim(request(**changes))
        claim = await record.promise(claim, plan())
        await record.finish(claim, Status.ACTIVE, commit_sha="0" * 40, audit_state="stored", response={})
    return claim.pipeline_id


async def announce(dsn: str, number: int, *, pipelines: int = 1) -> list[str]:
    """Put so many events into the outbox, in turn for so many pipelines; return the pipelines."""
    ids = [str(uuid.uuid4()) for _ in range(pipelines)]
    await Tables(dsn).fetch(
        "INSERT INTO outbox (org_id, pipeline_id, kind, payload)"
        " SELECT 'acme', ($2::uuid[])[1 + n % $3], 'event.' || n, '{}' FROM generate_series(0, $1 - 1) AS n",
        number, ids, pipelines,
    )  # fmt: skip
    return ids


async def tampered(dsn: str, statement: str, *values: Any) -> None:
    """Change the database past everything that guards it."""
    await Tables(dsn).fetch(statement, *values)
