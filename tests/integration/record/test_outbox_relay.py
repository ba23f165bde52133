"""Events on their way out, over a real PostgreSQL: rows 87 and 88 of the fault matrix."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from record_parts import Tables, run
from trail_parts import Receiver, RunningClock, announce, database, finished

from penstock.database.outbox import Outbox
from penstock.events.local_file import LocalFile
from penstock.pipelines.background import Background, Duty, NotNow
from penstock.pipelines.relay import Relay
from penstock.telemetry.service import Telemetry

HOUR = 3600
PUBLISHES_AND_DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from penstock.database.connections import PoolLimits, open_database
from penstock.database.outbox import Outbox
from penstock.events.local_file import LocalFile
from penstock.pipelines.relay import Relay
from penstock.telemetry.service import Telemetry

class Dying(LocalFile):
    async def publish(self, events):
        await super().publish(events)
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_database(sys.argv[1], PoolLimits(1, 2)) as database:
        sink = Dying(Path(sys.argv[2]), max_bytes=10**6, keep=1)
        await Relay(Outbox(database), sink, Telemetry()).round()

asyncio.run(main())
"""


@pytest.fixture
def dsn(new_database: Callable[[], str]) -> str:
    from penstock.database.migrations import migrate

    made = new_database()
    run(migrate(made))
    return made


async def drained(dsn: str, receiver: Receiver) -> None:
    async with database(dsn) as opened:
        relay = Relay(Outbox(opened), receiver, Telemetry())
        while await relay.round():
            pass


async def waiting(dsn: str) -> int:
    rows = await Tables(dsn).fetch("SELECT count(*) FROM outbox WHERE published_at IS NULL")
    return int(rows[0][0])


def test_what_a_pipeline_announced_goes_out_in_its_order(dsn: str):
    receiver = Receiver()

    async def walk() -> str:
        pipeline_id = await finished(dsn)
        await drained(dsn, receiver)
        return pipeline_id

    pipeline_id = run(walk())
    assert receiver.kinds(pipeline_id) == ["pipeline.promised", "pipeline.active"]
    assert receiver.got[0].payload["pipeline_id"] == pipeline_id
    assert run(waiting(dsn)) == 0


def test_a_round_with_nothing_to_do_asks_nobody(dsn: str):
    receiver = Receiver()
    run(drained(dsn, receiver))
    assert receiver.asked == 0


def test_a_receiver_that_is_away_for_an_hour_gets_everything_in_order_and_nothing_is_parked(dsn: str):
    clock = RunningClock()
    receiver = Receiver(away=lambda: clock.passed < HOUR)

    async def walk() -> list[str]:
        ids = await announce(dsn, 60, pipelines=7)
        async with database(dsn) as opened:
            relay = Relay(Outbox(opened), receiver, Telemetry())
            background = Background([Duty("events", relay.round, 1.0)], clock=clock, telemetry=Telemetry())
            background.start()
            while len(receiver.got) < 60:
                await asyncio.sleep(0.01)
            await background.stop()
        return ids

    ids = run(walk())
    for place, pipeline_id in enumerate(ids):
        assert receiver.kinds(pipeline_id) == [f"event.{number}" for number in range(place, 60, 7)]
    assert len({event.event_id for event in receiver.got}) == len(receiver.got) == 60
    assert 60 < receiver.asked < 200  # the waits grew to a minute, and did not stay short
    assert run(Tables(dsn).fetch("SELECT 1 FROM outbox WHERE published_at IS NULL OR parked_at IS NOT NULL")) == []


def test_several_relays_keep_the_order_of_each_pipeline_and_publish_each_event_once(dsn: str):
    receiver = Receiver()

    async def walk() -> list[str]:
        ids = await announce(dsn, 300, pipelines=5)
        await asyncio.gather(*(drained(dsn, receiver) for _ in range(4)))
        await drained(dsn, receiver)
        return ids

    for place, pipeline_id in enumerate(run(walk())):
        assert receiver.kinds(pipeline_id) == [f"event.{number}" for number in range(place, 300, 5)]
    assert len(receiver.got) == 300


def test_a_relay_killed_after_publishing_publishes_again_with_the_same_id(dsn: str, tmp_path: Path):
    file = tmp_path / "events.jsonl"
    run(announce(dsn, 1))
    killed = subprocess.run([sys.executable, "-c", PUBLISHES_AND_DIES, dsn, str(file)], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert run(waiting(dsn)) == 1

    async def after_the_lease() -> None:
        await Tables(dsn).fetch("UPDATE outbox SET taken_until = now() - interval '1 second'")
        async with database(dsn) as opened:
            await Relay(Outbox(opened), LocalFile(file, max_bytes=10**6, keep=1), Telemetry()).round()

    run(after_the_lease())
    first, second = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert first == second
    assert run(waiting(dsn)) == 0


def test_what_another_relay_holds_is_left_to_it_until_its_lease_ends(dsn: str):
    receiver = Receiver()

    async def walk() -> tuple[int, int]:
        await announce(dsn, 3)
        async with database(dsn) as opened:
            await Outbox(opened).take(10)
            await drained(dsn, receiver)
            held = len(receiver.got)
            await Tables(dsn).fetch("UPDATE outbox SET taken_until = now()")
            await drained(dsn, receiver)
        return held, len(receiver.got)

    assert run(walk()) == (0, 3)


def test_an_event_that_is_refused_fifty_times_is_parked_and_the_next_of_its_pipeline_passes(dsn: str):
    receiver = Receiver(refuses=lambda event: event.kind == "event.0")

    async def walk() -> int:
        await announce(dsn, 2)
        for _ in range(49):
            await Tables(dsn).fetch("UPDATE outbox SET taken_until = NULL")
            await drained(dsn, receiver)
        passed_early = len(receiver.got)
        await Tables(dsn).fetch("UPDATE outbox SET taken_until = NULL")
        await drained(dsn, receiver)
        return passed_early

    assert run(walk()) == 0
    assert [event.kind for event in receiver.got] == ["event.1"]
    (row,) = run(Tables(dsn).fetch("SELECT refusals, refused_for, attempts FROM outbox WHERE parked_at IS NOT NULL"))
    assert tuple(row) == (50, "too large", 50)


def test_a_refused_event_waits_longer_each_time_and_holds_up_no_other_pipeline(dsn: str):
    receiver = Receiver(refuses=lambda event: event.kind == "event.0")

    async def walk() -> float:
        await announce(dsn, 4, pipelines=2)
        await drained(dsn, receiver)
        rows = await Tables(dsn).fetch("SELECT extract(EPOCH FROM taken_until - now()) FROM outbox WHERE refusals = 1")
        return float(rows[0][0])

    assert 0 < run(walk()) <= 1
    assert [event.kind for event in receiver.got] == ["event.1", "event.3"]


def test_an_absent_receiver_is_told_apart_from_a_refusal(dsn: str):
    async def walk() -> None:
        await announce(dsn, 1)
        async with database(dsn) as opened:
            with pytest.raises(NotNow):
                await Relay(Outbox(opened), Receiver(away=lambda: True), Telemetry()).round()

    run(walk())
    (row,) = run(Tables(dsn).fetch("SELECT attempts, refusals, taken_until FROM outbox"))
    assert tuple(row) == (1, 0, None)


def test_how_much_waits_and_how_old_it_is_can_be_read(dsn: str):
    async def walk():
        await announce(dsn, 3)
        await Tables(dsn).fetch("UPDATE outbox SET created_at = now() - interval '10 minutes' WHERE outbox_id = 1")
        async with database(dsn) as opened:
            return await Outbox(opened, lease=timedelta(seconds=1)).backlog()

    backlog = run(walk())
    assert backlog.outbox_unpublished == 3
    assert 600 <= backlog.outbox_age_s < 660
