"""A process' breaker put together from real parts, on a clock the test sets."""

from __future__ import annotations

import io
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from penstock.generation.breaker import CircuitBreaker
from penstock.generation.breaker_rules import BreakerLimits
from penstock.generation.ports import Outcome, Permit
from penstock.generation.redis_breaker import RedisBreaker
from penstock.telemetry.service import Telemetry, open_telemetry

LIMITS = BreakerLimits()
OPEN_S, LEASE_S, WINDOW_S = 30, 35, 60
TICK = 0.001
"""Just before or after a moment."""
PATIENT_S = 20.0
"""How long tests wait for Redis where it does answer: a busy machine is no fault of the breaker."""


def new_model() -> str:
    return f"model-{uuid.uuid4().hex}"


@dataclass
class SetClock:
    """Stands still until the test moves it on. Redis is told the wall's time, as if it were its own."""

    wall: datetime = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    ticks: float = 1_000.0

    def now(self) -> datetime:
        return self.wall

    def now_us(self) -> int:
        return round(self.wall.timestamp() * 1_000_000)

    def monotonic(self) -> float:
        return self.ticks

    async def sleep(self, seconds: float) -> None:
        self.go_on(seconds)

    def go_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticks += seconds


@dataclass
class House:
    """One process' breaker, and what its tests set and look at."""

    breaker: CircuitBreaker
    clock: SetClock
    telemetry: Telemetry
    model: str
    log: io.BytesIO = field(default_factory=io.BytesIO)

    async def attempt(self, outcome: Outcome) -> Permit:
        """Ask, and tell the outcome when allowed."""
        permit = await self.breaker.permit()
        await self.breaker.report(permit, outcome)
        return permit

    async def attempts(self, *outcomes: Outcome) -> list[bool]:
        return [(await self.attempt(outcome)).allowed for outcome in outcomes]

    async def open(self) -> None:
        """Let it open: five failures at one moment."""
        assert await self.attempts(*["failure"] * 5) == [True] * 5

    async def half_open(self) -> Permit:
        """Let it open, wait, and return the probe."""
        await self.open()
        self.clock.go_on(OPEN_S)
        probe = await self.breaker.permit()
        assert probe.probe_id
        return probe

    async def allowed(self) -> bool:
        return (await self.breaker.permit()).allowed

    def metric(self, name: str) -> float:
        """Return the value of a series, named as in the exposition."""
        assert self.telemetry.metrics
        for line in self.telemetry.metrics.exposition().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        message = f"no series {name}"
        raise AssertionError(message)

    def state_shown(self) -> float:
        return self.metric(f'circuit_breaker_state{{model="{self.model}"}}')

    def source_shown(self) -> str:
        (on,) = [each for each in ("shared", "local") if self.metric(f'circuit_breaker_source{{source="{each}"}}')]
        return on

    def events(self) -> list[str]:
        return [orjson.loads(line)["event"] for line in self.log.getvalue().splitlines()]


@asynccontextmanager
async def house(
    url: str | None, *, model: str | None = None, clock: SetClock | None = None, timeout_s: float = PATIENT_S
) -> AsyncIterator[House]:
    """Open one process' breaker; without an address it has no Redis at all."""
    model, clock, log = model or new_model(), clock or SetClock(), io.BytesIO()
    telemetry = open_telemetry(redact=str, version="0", stream=log)
    shared = RedisBreaker(url, model, LIMITS, timeout_s=timeout_s, now_us=clock.now_us) if url else None
    breaker = CircuitBreaker(shared, model=model, limits=LIMITS, clock=clock, telemetry=telemetry)
    yield House(breaker, clock, telemetry, model, log)
    await breaker.close()
