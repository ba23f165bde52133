from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from penstock.errors import DatabaseFailed
from penstock.pipelines.background import Background, Duty, NotNow
from penstock.telemetry.service import Telemetry, open_telemetry


class CountingClock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


def keep(round_: Callable[[], Awaitable[bool]], until: Callable[[], bool], **how: Any) -> CountingClock:
    """Run one duty until something is so."""
    clock = CountingClock()

    async def walk() -> None:
        background = Background(
            [Duty("test", round_, 5.0, at_the_end=how.get("at_the_end", False))],
            clock=clock,
            telemetry=how.get("telemetry", Telemetry()),
        )
        background.start()
        while not until():
            await asyncio.sleep(0)
        await background.stop()

    asyncio.run(walk())
    return clock


def test_a_round_with_more_to_do_is_followed_at_once_and_else_there_is_a_rest():
    done: list[int] = []

    async def round_() -> bool:
        done.append(1)
        return len(done) < 3

    clock = keep(round_, lambda: len(done) >= 4)
    assert clock.slept[:3] == [0, 0, 5.0]


def test_a_duty_that_fails_waits_from_a_second_to_a_minute_and_begins_anew_after_a_success():
    done: list[int] = []

    async def round_() -> bool:
        done.append(1)
        if len(done) == 10:
            return False
        raise NotNow

    clock = keep(round_, lambda: len(done) >= 12)
    nominal = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(most / 2 <= slept <= most for slept, most in zip(clock.slept, nominal, strict=False))
    assert clock.slept[9] == 5.0
    assert clock.slept[10] <= 1


def test_failures_of_every_kind_are_told_and_never_end_a_duty():
    log = io.BytesIO()
    telemetry = open_telemetry(redact=lambda text: text, version="0", stream=log)
    failures = [DatabaseFailed("it is away"), ValueError("a bug"), KeyError("another")]
    done: list[int] = []

    async def round_() -> bool:
        done.append(1)
        if len(done) <= len(failures):
            raise failures[len(done) - 1]
        return False

    keep(round_, lambda: len(done) > 4, telemetry=telemetry)
    lines = [orjson.loads(line) for line in log.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["duty.failed"] * 3
    assert lines[0]["reason"] == "it is away"
    assert "ValueError: a bug" in lines[1]["exception"][-1]


def test_a_last_round_is_held_until_nothing_is_left():
    left = 3
    stopping = False

    async def round_() -> bool:
        nonlocal left
        if stopping:
            left -= 1
        return stopping and left > 0

    def until() -> bool:
        nonlocal stopping
        stopping = True
        return True

    keep(round_, until, at_the_end=True)
    assert left <= 0


def test_a_round_that_hangs_is_cut_off_when_the_time_to_stop_is_over():
    cut: list[bool] = []

    async def walk() -> None:
        async def hang() -> bool:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cut.append(True)
                raise
            return False

        background = Background([Duty("hang", hang, 1.0)], clock=CountingClock(), telemetry=Telemetry())
        background.start()
        await asyncio.sleep(0)
        await background.stop(within_s=0.01)

    asyncio.run(walk())
    assert cut == [True]


def test_one_duty_that_hangs_holds_up_no_other():
    done: list[int] = []

    async def walk() -> None:
        async def hang() -> bool:
            await asyncio.Event().wait()
            return False

        async def work() -> bool:
            done.append(1)
            return False

        duties = [Duty("hang", hang, 1.0), Duty("work", work, 1.0)]
        background = Background(duties, clock=CountingClock(), telemetry=Telemetry())
        background.start()
        while len(done) < 5:
            await asyncio.sleep(0)
        await background.stop(within_s=0.01)

    asyncio.run(walk())
    assert len(done) >= 5
