"""Files of a repository elsewhere: fetched together, within bounds, once each."""

from __future__ import annotations

import asyncio

import pytest

from penstock.delivery.ports import HostAway
from penstock.delivery.remote_files import LARGEST_FILE, MOST_FILES, MOST_PATHS, MOST_ROUNDS, Listed, RemoteFiles


class Blobs:
    """A store that counts what is fetched; a blob's name is its content."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    async def __call__(self, sha: str) -> bytes:
        self.fetched.append(sha)
        if sha == "away":
            raise HostAway("gone")
        return sha.encode()


def files(listed: dict[str, Listed], blobs: Blobs, *, truncated: bool = False) -> RemoteFiles:
    return RemoteFiles(listed, truncated=truncated, fetch=blobs)


def test_what_was_missed_is_fetched_together_and_only_once():
    blobs = Blobs()
    tree = files({"b": Listed("two", 3), "a": Listed("one", 3), "c": Listed("three", 5)}, blobs)

    async def run() -> None:
        assert tree.paths == ("a", "b", "c")
        assert [tree.read(path) for path in ("a", "b", "none")] == [None, None, None]
        assert await tree.fetch_missed()
        assert [tree.read(path) for path in ("a", "b")] == [b"one", b"two"]
        assert not await tree.fetch_missed()
        await tree.load(["a", "b"])

    asyncio.run(run())
    assert sorted(blobs.fetched) == ["one", "two"]


def test_bounds_hold_for_paths_files_bytes_and_rounds():
    blobs = Blobs()
    many = {f"{n:05}": Listed(f"s{n}", 2) for n in range(MOST_PATHS + 5)}
    many["00000"] = Listed("large", LARGEST_FILE + 1)
    tree = files(many, blobs)

    async def run() -> None:
        assert len(tree.paths) == MOST_PATHS
        assert tree.truncated
        for path in tree.paths[: MOST_FILES + 50]:
            tree.read(path)
        await tree.fetch_missed()
        for path in tree.paths[MOST_FILES + 50 : MOST_FILES + 60]:
            tree.read(path)
        await tree.fetch_missed()

    asyncio.run(run())
    assert len(blobs.fetched) == MOST_FILES
    assert "large" not in blobs.fetched


def test_rounds_end():
    tree = files({f"f{n}": Listed(f"s{n}", 2) for n in range(MOST_ROUNDS + 3)}, Blobs())

    async def run() -> int:
        rounds = 0
        for path in tree.paths:
            tree.read(path)
            rounds += await tree.fetch_missed()
        return rounds

    assert asyncio.run(run()) == MOST_ROUNDS


def test_a_host_that_goes_away_says_so_itself():
    tree = files({"a": Listed("away", 3), "b": Listed("two", 3)}, Blobs())
    with pytest.raises(HostAway, match="gone"):
        asyncio.run(tree.load(["a", "b"]))
