from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from penstock.errors import InvalidConfiguration, Unavailable
from penstock.object_storage.buckets import Buckets, open_objects


@pytest.fixture(params=["memory", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Buckets:
    return open_objects("memory:///" if request.param == "memory" else (tmp_path / "kept").as_uri())


def test_an_object_is_written_once(objects: Buckets):
    async def walk():
        first = await objects.put_new("a/b", b"first")
        return first, await objects.put_new("a/b", b"second"), await objects.get("a/b")

    assert asyncio.run(walk()) == (True, False, b"first")


def test_of_many_who_write_at_once_one_does(objects: Buckets):
    async def walk():
        written = await asyncio.gather(*(objects.put_new("a", str(each).encode()) for each in range(20)))
        return written, await objects.get("a")

    written, kept = asyncio.run(walk())
    assert sum(written) == 1
    assert kept == str(written.index(True)).encode()


def test_what_is_not_there_is_none(objects: Buckets):
    assert asyncio.run(objects.get("nothing")) is None


def test_a_listing_is_of_one_folder_and_sorted(objects: Buckets):
    async def walk():
        for path in ("p1/z", "p1/a/b", "p10/x"):
            await objects.put_new(path, b"")
        return await objects.list("p1"), await objects.list(""), await objects.list("none")

    assert asyncio.run(walk()) == (["p1/a/b", "p1/z"], ["p1/a/b", "p1/z", "p10/x"], [])


@pytest.mark.parametrize("path", ["../outside", "a//b", "a\nb"])
def test_a_name_that_could_lead_elsewhere_is_refused(objects: Buckets, path: str):
    with pytest.raises(Unavailable, match="it takes no such name"):
        asyncio.run(objects.put_new(path, b""))


def test_the_folder_is_closed_to_others_and_may_have_any_name(tmp_path: Path):
    folder = tmp_path / "with space %41 é"
    asyncio.run(open_objects(folder.as_uri()).put_new("a", b"1"))
    assert (folder / "a").read_bytes() == b"1"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_told_with_the_next_step(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used") as told:
        open_objects((tmp_path / "file" / "below").as_uri())
    assert told.value.steps


@pytest.mark.parametrize("url", ["ftp://host/x", "bucket", "gs://", "s3:///x", ""])
def test_another_url_is_refused_with_the_kinds_there_are(url: str):
    with pytest.raises(InvalidConfiguration, match="file, memory, gs, s3"):
        open_objects(url)


@pytest.mark.parametrize("url", ["gs://bucket/folder", "s3://bucket/folder"])
def test_a_bucket_is_opened_without_asking_the_network(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert isinstance(open_objects(url), Buckets)


@pytest.mark.parametrize("url", ["file://relative/x", "file:relative"])
def test_a_file_address_without_a_whole_path_is_refused_with_the_right_spelling(url: str):
    with pytest.raises(InvalidConfiguration) as refused:
        open_objects(url)
    assert refused.value.steps == ("Name it like file:///folder.",)
