"""The auditors' copy over a bucket that fails: rows 85 and 86 of the fault matrix."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes.gcs_process import SimulatedStorage, apply_then_drop, drop, error, silent, simulated_storage, truncated

from penstock.archive.service import Archive
from penstock.domain.artifacts import Artifact
from penstock.errors import Unavailable
from penstock.object_storage.buckets import Buckets, open_objects
from penstock.telemetry.service import Telemetry

FILES = (Artifact("cloudbuild.yaml", b"steps: []\n"), Artifact("deploy/run.sh", b"true\n", executable=True))
NAMES = {"copies/p1/cloudbuild.yaml", "copies/p1/deploy/run.sh", "copies/p1/manifest.json"}
MANIFEST = "copies/p1/manifest.json"
TRANSIENT = [error("PUT .*cloudbuild", 503), error("PUT .*cloudbuild", 429), drop("PUT .*cloudbuild")]


class QuickClock:
    """Sleeps in no time, and remembers for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatedStorage]:
    with simulated_storage() as storage:
        yield storage


@pytest.fixture
def gcs(running: SimulatedStorage) -> SimulatedStorage:
    running.reset()
    return running


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


def objects(gcs: SimulatedStorage, clock: QuickClock, **client: Any) -> Buckets:
    options = gcs.options
    options["client_options"].update(client)
    return open_objects(gcs.address, clock=clock, **options)


def store(gcs: SimulatedStorage, clock: QuickClock, files: tuple[Artifact, ...] = FILES, **client: Any) -> str:
    return asyncio.run(Archive(objects(gcs, clock, **client), Telemetry()).store("p1", files))


def test_every_file_is_created_and_never_written_over_and_the_manifest_comes_last(
    gcs: SimulatedStorage, clock: QuickClock
):
    assert store(gcs, clock) == "stored"
    assert set(gcs.objects()) == NAMES
    assert gcs.written()[-1] == MANIFEST
    assert {call.headers["x-goog-if-generation-match"] for call in gcs.calls() if call.method == "PUT"} == {"0"}
    assert json.loads(gcs.objects()[MANIFEST])["files"]["cloudbuild.yaml"]["sha256"] == FILES[0].sha256


@pytest.mark.parametrize("fault", TRANSIENT, ids=["503", "429", "reset"])
def test_a_passing_fault_is_tried_again_three_times_with_growing_waits(
    gcs: SimulatedStorage, clock: QuickClock, fault: dict[str, Any]
):
    gcs.script({**fault, "times": 3})
    assert store(gcs, clock) == "stored"
    assert len([call for call in gcs.calls() if "cloudbuild" in call.path]) == 4
    assert all(most / 2 <= slept <= most for slept, most in zip(clock.slept, (0.5, 1.0, 2.0), strict=True))


@pytest.mark.parametrize("fault", TRANSIENT, ids=["503", "429", "reset"])
def test_a_lasting_fault_is_given_up_after_four_tries_and_leaves_no_manifest(
    gcs: SimulatedStorage, clock: QuickClock, fault: dict[str, Any]
):
    gcs.script(then=fault)
    with pytest.raises(Unavailable, match="gs://acme-pipelines cannot be written to"):
        store(gcs, clock)
    assert len([call for call in gcs.calls() if "cloudbuild" in call.path]) == 4
    assert sum(clock.slept) <= 3.5
    assert MANIFEST not in gcs.objects()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_not_tried_again(gcs: SimulatedStorage, clock: QuickClock, status: int):
    gcs.script(then=error("PUT", status))
    with pytest.raises(Unavailable):
        store(gcs, clock)
    assert len(gcs.calls()) == len(FILES)
    assert clock.slept == []


def test_a_write_whose_answer_was_lost_is_found_done(gcs: SimulatedStorage, clock: QuickClock):
    gcs.script(apply_then_drop("PUT .*cloudbuild"), apply_then_drop("PUT .*manifest"))
    assert store(gcs, clock) == "stored"
    assert sorted(gcs.written()) == sorted(NAMES)


def test_a_bucket_that_never_answers_is_given_up(gcs: SimulatedStorage, clock: QuickClock):
    gcs.script(then=silent("PUT"))
    with pytest.raises(Unavailable):
        store(gcs, clock, timeout="100ms")
    assert gcs.objects() == {}


def test_the_same_content_under_a_name_counts_as_stored(gcs: SimulatedStorage, clock: QuickClock):
    gcs.put("copies/p1/cloudbuild.yaml", FILES[0].content)
    assert store(gcs, clock) == "stored"
    assert gcs.written().count("copies/p1/cloudbuild.yaml") == 1


def test_other_content_under_a_name_is_a_conflict_and_stays(gcs: SimulatedStorage, clock: QuickClock):
    gcs.put("copies/p1/cloudbuild.yaml", b"steps: [other]\n")
    assert store(gcs, clock) == "conflict"
    assert gcs.objects()["copies/p1/cloudbuild.yaml"] == b"steps: [other]\n"
    assert MANIFEST not in gcs.objects()


def test_a_cut_answer_while_comparing_is_read_again(gcs: SimulatedStorage, clock: QuickClock):
    gcs.put("copies/p1/cloudbuild.yaml", FILES[0].content)
    gcs.script(truncated("GET .*cloudbuild", 3))
    assert store(gcs, clock) == "stored"


def test_a_copy_that_broke_off_is_completed_later(gcs: SimulatedStorage, clock: QuickClock):
    gcs.script(then=error("PUT .*run.sh", 503))
    with pytest.raises(Unavailable):
        store(gcs, clock)
    gcs.script()
    assert store(gcs, clock) == "stored"
    assert sorted(gcs.written()) == sorted(NAMES)
