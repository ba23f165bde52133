from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import orjson
import pytest

from penstock.archive.service import Archive
from penstock.domain.artifacts import Artifact, digest_of
from penstock.errors import Unavailable
from penstock.object_storage.buckets import Buckets, open_objects
from penstock.telemetry.service import Telemetry, open_telemetry

FILES = (Artifact("cloudbuild.yaml", b"steps: []\n"), Artifact(".github/run me.sh", b"true\n", executable=True))


@pytest.fixture(params=["memory", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Buckets:
    """Return a store; what it promises holds for every kind."""
    return open_objects("memory:///" if request.param == "memory" else (tmp_path / "arch ive").as_uri())


def test_a_copy_has_every_file_and_a_manifest_with_their_hashes(objects: Buckets):
    async def walk():
        state = await Archive(objects, Telemetry()).store("p1", FILES)
        listed = await objects.list("p1")
        return state, listed, [await objects.get(f"p1/{file.path}") for file in FILES], await objects.get(listed[-1])

    state, listed, contents, manifest = asyncio.run(walk())
    assert state == "stored"
    assert listed == ["p1/.github/run me.sh", "p1/cloudbuild.yaml", "p1/manifest.json"]
    assert contents == [file.content for file in FILES]
    told = json.loads(manifest or b"")
    assert told["artifact_digest"] == digest_of(FILES)
    assert told["files"]["cloudbuild.yaml"]["sha256"] == FILES[0].sha256
    assert told["files"][".github/run me.sh"]["executable"] is True


def test_storing_the_same_again_changes_nothing(objects: Buckets):
    async def walk():
        archive = Archive(objects, Telemetry())
        return [await archive.store("p1", files) for files in (FILES, tuple(reversed(FILES)))]

    assert asyncio.run(walk()) == ["stored", "stored"]


def test_other_content_under_the_same_name_is_a_conflict_and_is_never_written(objects: Buckets):
    log = io.BytesIO()
    telemetry = open_telemetry(redact=lambda text: text, version="0", stream=log)

    async def walk():
        archive = Archive(objects, telemetry)
        await archive.store("p1", FILES)
        state = await archive.store("p1", (Artifact("cloudbuild.yaml", b"steps: [evil]\n"), FILES[1]))
        return state, await objects.get("p1/cloudbuild.yaml"), json.loads(await objects.get("p1/manifest.json") or b"")

    state, kept, manifest = asyncio.run(walk())
    assert (state, kept) == ("conflict", FILES[0].content)
    assert manifest["artifact_digest"] == digest_of(FILES)
    (line,) = [orjson.loads(each) for each in log.getvalue().splitlines()]
    assert (line["event"], line["level"], line["path"]) == ("archive.conflict_found", "error", "p1/cloudbuild.yaml")
    assert line["found"] == FILES[0].sha256


def test_a_copy_that_broke_off_is_completed_by_the_next_try(objects: Buckets):
    async def walk():
        await objects.put_new("p1/cloudbuild.yaml", FILES[0].content)
        state = await Archive(objects, Telemetry()).store("p1", FILES)
        return state, await objects.list("p1")

    state, listed = asyncio.run(walk())
    assert state == "stored"
    assert listed[-1] == "p1/manifest.json"
    assert len(listed) == 3


class BreakingObjects:
    """Takes so many objects, then breaks."""

    def __init__(self, objects: Buckets, takes: int) -> None:
        self.objects = objects
        self.takes = takes

    async def put_new(self, path: str, content: bytes) -> bool:
        if self.takes == 0:
            raise Unavailable("the store is away")
        self.takes -= 1
        return await self.objects.put_new(path, content)

    async def get(self, path: str) -> bytes | None:
        return await self.objects.get(path)

    async def list(self, prefix: str) -> list[str]:
        return list(await self.objects.list(prefix))


@pytest.mark.parametrize("takes", [0, 1, 2])
def test_a_copy_that_is_not_whole_has_no_manifest(objects: Buckets, takes: int):
    async def walk():
        with pytest.raises(Unavailable):
            await Archive(BreakingObjects(objects, takes), Telemetry()).store("p1", FILES)
        return await objects.list("p1")

    listed = asyncio.run(walk())
    assert len(listed) == takes
    assert "p1/manifest.json" not in listed
