"""The limiter on a real Valkey."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from gateway_parts import SetClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from penstock.gateway.embedded_valkey import EmbeddedValkey
from penstock.gateway.limiter import Limiter
from penstock.gateway.redis_counters import RedisCounters
from penstock.gateway.window import MINUTE, Window
from penstock.telemetry.service import Telemetry, open_telemetry

START = 29_000_000 * MINUTE
STEPS = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 1_000), st.integers(0, MINUTE), st.integers(0, 3 * MINUTE), st.integers(-2 * MINUTE, 0)
        ),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=60,
)


def name() -> str:
    return uuid.uuid4().hex


@asynccontextmanager
async def limiter(
    url: str, clock: SetClock, telemetry: Telemetry | None = None, *, per_minute: int = 100
) -> AsyncIterator[Limiter]:
    counters = RedisCounters(url)
    yield Limiter(counters, per_minute=per_minute, clock=clock, telemetry=telemetry or Telemetry())
    await counters.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, limit=st.integers(1, 10))
def test_the_script_and_its_twin_in_this_process_agree_on_every_number(
    valkey: str, steps: list[tuple[int, int]], limit: int
):
    async def walk() -> None:
        counters, window, user, now = RedisCounters(valkey), Window(), name(), START
        for gap, burst in steps:
            now += gap
            for _ in range(burst):
                theirs = await counters.take(user, limit, now_us=now)
                ours = window.take(user, limit, now)
                assert (theirs.admitted, theirs.remaining, theirs.wait_us, theirs.reset_us) == (
                    ours.admitted, ours.remaining, ours.wait_us, ours.reset_us,
                )  # fmt: skip
        await counters.close()

    asyncio.run(walk())


def test_the_hundred_and_first_request_of_a_minute_is_turned_away_until_exactly_one_fits(valkey: str):
    async def walk() -> None:
        counters, user, now = RedisCounters(valkey), name(), START + 15_000_000
        taken = [await counters.take(user, 100, now_us=now) for _ in range(101)]
        assert [each.admitted for each in taken] == [True] * 100 + [False]
        assert [each.remaining for each in taken[:100]] == list(range(99, -1, -1))
        wait = taken[100].wait_us
        assert wait == 45_600_000  # 45 s to the minute's end, then 1 % of the next for one place of a hundred
        assert not (await counters.take(user, 100, now_us=now + wait - 1)).admitted
        assert (await counters.take(user, 100, now_us=now + wait)).admitted
        await counters.close()

    asyncio.run(walk())


def test_refused_requests_do_not_lengthen_the_wait(valkey: str):
    async def walk() -> None:
        counters, user = RedisCounters(valkey), name()
        for _ in range(5):
            assert (await counters.take(user, 5, now_us=START)).admitted
        waits = {(await counters.take(user, 5, now_us=START)).wait_us for _ in range(50)}
        assert len(waits) == 1
        await counters.close()

    asyncio.run(walk())


def test_two_processes_share_one_allowance_by_the_servers_clock(valkey: str):
    async def walk() -> None:
        one, other, user = RedisCounters(valkey), RedisCounters(valkey), name()
        admitted = [(await each.take(user, 10)).admitted for _ in range(20) for each in (one, other)]
        assert 10 <= sum(admitted) <= 11  # the minute may have turned meanwhile
        await one.close()
        await other.close()

    asyncio.run(walk())


def test_a_flushed_script_is_sent_again_and_a_flushed_counter_begins_anew(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        counters, user = RedisCounters(own_valkey.url), name()
        admin = Redis.from_url(own_valkey.url)
        assert (await counters.take(user, 5, now_us=START)).remaining == 4
        await admin.script_flush()
        assert (await counters.take(user, 5, now_us=START)).remaining == 3
        await admin.flushall()
        assert (await counters.take(user, 5, now_us=START)).remaining == 4
        await admin.aclose()
        await counters.close()

    asyncio.run(walk())


def test_counters_expire_and_names_of_any_length_make_short_keys(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        counters, admin = RedisCounters(own_valkey.url), Redis.from_url(own_valkey.url)
        await counters.take("u" * 100_000, 5)
        (key,) = await admin.keys("*")
        assert len(key) < 64
        assert 0 < await admin.pttl(key) <= 120_000
        await admin.aclose()
        await counters.close()

    asyncio.run(walk())


def test_while_redis_is_gone_this_process_counts_alone_and_says_so(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        log, clock = io.BytesIO(), SetClock()
        telemetry = open_telemetry(redact=str, version="0", stream=log)
        async with limiter(own_valkey.url, clock, telemetry, per_minute=10) as limited:
            for _ in range(7):
                assert (await limited.take("acme", "ann")).admitted
            assert _mode(telemetry) == "shared"
            own_valkey.close()
            taken = [(await limited.take("acme", "ann")).admitted for _ in range(20)]
            assert taken == [True] * 3 + [False] * 17  # what Redis had admitted counts here, too
            assert _mode(telemetry) == "local"
            told = [orjson.loads(line)["event"] for line in log.getvalue().splitlines()]
            assert told == ["limiter.redis_failed"]
            clock.go_on(61)
            assert (await limited.take("acme", "ann")).admitted

    asyncio.run(walk())


def test_a_redis_that_hangs_is_left_alone_for_a_second_and_used_again_when_it_wakes(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        clock = SetClock()
        telemetry = open_telemetry(redact=str, version="0", stream=io.BytesIO())
        async with limiter(own_valkey.url, clock, telemetry, per_minute=100) as limited:
            await limited.take("acme", "ann")
            os.kill(own_valkey.pid, signal.SIGSTOP)
            try:
                assert (await limited.take("acme", "ann")).admitted
                assert _mode(telemetry) == "local"
            finally:
                os.kill(own_valkey.pid, signal.SIGCONT)
            await limited.take("acme", "ann")
            assert _mode(telemetry) == "local"
            clock.go_on(1.01)
            await limited.take("acme", "ann")
            assert _mode(telemetry) == "shared"

    asyncio.run(walk())


def test_a_key_of_another_kind_under_our_name_does_not_stop_the_service(own_valkey: EmbeddedValkey):
    async def walk() -> None:
        admin = Redis.from_url(own_valkey.url)
        async with limiter(own_valkey.url, SetClock()) as limited:
            await limited.take("acme", "ann")
            (key,) = await admin.keys("penstock:rate:*")
            await admin.set(key, "poisoned")
            assert (await limited.take("acme", "ann")).admitted
        await admin.aclose()

    asyncio.run(walk())


def test_organisations_and_users_with_confusable_names_do_not_share_a_counter(valkey: str):
    async def walk() -> None:
        unique = name()
        async with limiter(valkey, SetClock(), per_minute=1) as limited:
            pairs = [(f"{unique}:a", "b"), (unique, "a:b"), (unique, "*"), (f"{unique}:a:b", "")]
            assert [(await limited.take(*pair)).admitted for pair in pairs] == [True] * 4
            assert [(await limited.take(*pair)).admitted for pair in pairs] == [False] * 4

    asyncio.run(walk())


def _mode(telemetry: Telemetry) -> str:
    assert telemetry.metrics
    lines = telemetry.metrics.exposition().decode().splitlines()
    (on,) = [line for line in lines if line.startswith("limiter_mode{") and line.endswith(" 1.0")]
    return on.split('"')[1]
