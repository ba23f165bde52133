"""The gateway put together from real parts, with a clock the test sets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.database.connections import PoolLimits, open_database
from penstock.database.keys import PostgresKeys
from penstock.gateway.hashing import KeyHasher
from penstock.gateway.keys import Keys
from penstock.gateway.limiter import Limiter
from penstock.gateway.redis_counters import RedisCounters
from penstock.gateway.service import Admission, Credential, Gateway
from penstock.telemetry.service import Telemetry

PEPPER = b"a pepper of these tests, 32 byte"
SCOPE = "pipelines:generate"


@dataclass
class SetClock:
    """Stands still until the test moves it on."""

    wall: datetime = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    ticks: float = 1_000_000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        self.go_on(seconds)

    def go_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticks += seconds


class CountingKeys(PostgresKeys):
    """The real table; it counts how often it is asked for a key, and the test can pull its plug."""

    asked = 0
    touched = 0
    fails_with: Exception | None = None
    held_back: asyncio.Event | None = None
    reached: asyncio.Event

    async def find(self, kid: str) -> Any:
        self.asked += 1
        if self.fails_with:
            raise self.fails_with
        found = await super().find(kid)
        if self.held_back:
            self.reached.set()
            await self.held_back.wait()
        return found

    async def touch(self, kid: str, at: datetime) -> None:
        self.touched += 1
        await super().touch(kid, at)


@dataclass
class Entrance:
    """One process' gateway, and what its tests set up and look at."""

    gateway: Gateway
    keys: Keys
    store: CountingKeys
    clock: SetClock
    telemetry: Telemetry
    owner: str = field(default_factory=lambda: f"user-{uuid.uuid4().hex}")

    async def key(self, **options: Any) -> tuple[str, Any]:
        return await self.keys.create(org_id="acme", owner=self.owner, name="test", **options)

    async def enter(self, key: str, scope: str = SCOPE, *, ip: str = "192.0.2.1") -> Admission:
        return await self.gateway.admit(Credential(authorization=(f"Bearer {key}",), client_ip=ip), scope)


@asynccontextmanager
async def entrance(
    postgres: str, valkey: str | None, *, per_minute: int = 100, telemetry: Telemetry | None = None
) -> AsyncIterator[Entrance]:
    clock, telemetry = SetClock(), telemetry or Telemetry()
    counters = RedisCounters(valkey) if valkey else None
    async with open_database(postgres, PoolLimits(least=1, most=4)) as database:
        store, hasher = CountingKeys(database), KeyHasher({1: PEPPER})
        tell: Callable[[], Awaitable[None]] = counters.revoked if counters else _nobody
        keys = Keys(store, hasher, clock, on_revoked=tell)
        limiter = Limiter(counters, per_minute=per_minute, clock=clock, telemetry=telemetry)
        gateway = Gateway(store, hasher, limiter, clock=clock, telemetry=telemetry)
        yield Entrance(gateway, keys, store, clock, telemetry)
        await gateway.close()
        if counters:
            await counters.close()


async def _nobody() -> None:
    return None
