from __future__ import annotations

import asyncio
import stat
import uuid
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from penstock.domain.events import Event, Published
from penstock.events.local_file import LocalFile


def event(number: int, text: str = "") -> Event:
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    return Event(str(uuid.UUID(int=number)), "pipeline.active", "acme", None, at, {"text": text})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events" / "events.jsonl"


def publish(file: Path, *events: Event, max_bytes: int = 10_000, keep: int = 3) -> Published:
    return asyncio.run(LocalFile(file, max_bytes=max_bytes, keep=keep).publish(events))


def numbers(file: Path) -> list[int]:
    return [uuid.UUID(orjson.loads(line)["event_id"]).int for line in file.read_bytes().splitlines()]


def test_events_are_lines_of_json_and_later_ones_are_appended(file: Path):
    assert publish(file, event(1), event(2, "a\nb")).done == {event(1).event_id, event(2).event_id}
    publish(file, event(3))
    assert numbers(file) == [1, 2, 3]
    assert orjson.loads(file.read_bytes().splitlines()[1])["payload"] == {"text": "a\nb"}


def test_the_file_and_its_folder_are_closed_to_others(file: Path):
    publish(file, event(1))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_full_file_gives_way_to_a_new_one_and_the_oldest_goes(file: Path):
    for number in range(1, 7):
        publish(file, event(number, "x" * 4000), max_bytes=4096, keep=3)
    kept = sorted(each.name for each in file.parent.glob("*.jsonl*") if each.suffix != ".lock")
    assert kept == ["events.jsonl", "events.jsonl.1", "events.jsonl.2", "events.jsonl.3"]
    assert [numbers(file.parent / name) for name in kept] == [[6], [5], [4], [3]]


def test_a_line_torn_by_a_crash_is_ended_and_spoils_no_other(file: Path):
    publish(file, event(1))
    with file.open("ab") as torn:
        torn.write(b'{"event_id": "half')
    publish(file, event(2))
    lines = file.read_bytes().splitlines()
    assert lines[1] == b'{"event_id": "half'
    assert orjson.loads(lines[2])["event_id"] == event(2).event_id


def test_a_place_that_cannot_be_written_is_an_absent_receiver(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    told = publish(tmp_path / "taken" / "events.jsonl", event(1))
    assert told.done == frozenset()
    assert told.away == "the events file cannot be written: File exists"


def test_several_writers_lose_and_mix_nothing(file: Path):
    async def write(start: int) -> None:
        sink = LocalFile(file, max_bytes=1, keep=100)  # every write renames all files there are
        for number in range(start, start + 20):
            await sink.publish([event(number, "y" * 200)])

    async def all_of_them() -> None:
        await asyncio.gather(*(write(start) for start in (100, 200, 300)))

    asyncio.run(all_of_them())
    found = [number for each in file.parent.glob("events.jsonl*") if each.suffix != ".lock" for number in numbers(each)]
    assert sorted(found) == sorted([*range(100, 120), *range(200, 220), *range(300, 320)])
