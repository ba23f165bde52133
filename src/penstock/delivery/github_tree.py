"""What stands in a commit where our files belong. Only the folders on the way are listed, however large the repository.

A link or a submodule on the way is refused: writing below it would land elsewhere (POLICY.md §4, H13).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.delivery.decide import LOCK_FILE, Decided, decide
from penstock.delivery.github_client import Client
from penstock.delivery.github_transport import RAW
from penstock.delivery.ports import HostAway, RepositoryName
from penstock.delivery.remote_files import LARGEST_FILE, Listed
from penstock.domain.artifacts import Artifact
from penstock.errors import PathProblem

FILES = frozenset({"100644", "100755", "100664"})
_LINK, _SUBMODULE, _FOLDER = "120000", "160000", "040000"
_OVERSIZED = b"\0larger than anything Penstock writes\0"
"""Stands for a file too large to fetch: equal to no artifact, and managed by nobody."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree."""

    mode: str
    sha: str
    size: int


async def decided(
    client: Client, repository: RepositoryName, tree_sha: str, artifacts: Sequence[Artifact], *, overwrite: bool
) -> Decided:
    """Decide what is to be written on top of a tree. Raises DeliveryConflict, PathProblem, HostAway, HostRefused."""
    present = await present_files(client, repository, tree_sha, artifacts)
    return decide(artifacts, present.get, overwrite=overwrite)


async def present_files(
    client: Client, repository: RepositoryName, tree_sha: str, artifacts: Sequence[Artifact]
) -> Mapping[str, bytes]:
    """Return the bytes that stand where the artifacts and the lock file belong. Raises as ``decided``."""
    paths = sorted({artifact.path for artifact in artifacts} | {LOCK_FILE})
    entries = await _entries(client, repository, tree_sha, paths)
    same = {artifact.path: artifact.content for artifact in artifacts}
    found: dict[str, bytes] = {}
    wanted: list[tuple[str, Entry]] = []
    for path, entry in entries.items():
        if path in same and blob_sha(same[path]) == entry.sha:
            found[path] = same[path]
        elif entry.size > LARGEST_FILE:
            found[path] = _OVERSIZED
        else:
            wanted.append((path, entry))
    contents = await asyncio.gather(*(fetch_blob(client, repository, entry.sha) for _, entry in wanted))
    return found | {path: content for (path, _), content in zip(wanted, contents, strict=True)}


async def fetch_blob(client: Client, repository: RepositoryName, sha: str) -> bytes:
    """Return a blob's bytes, proved by its SHA. Raises HostAway, HostRefused."""
    content = (await client.get(repository, f"/git/blobs/{sha}", accept=RAW)).content
    if blob_sha(content) != sha:
        raise HostAway("GitHub sent a file that is not the one asked for.")
    return content


async def listing(
    client: Client, repository: RepositoryName, sha: str, *, skipped_folders: frozenset[str]
) -> tuple[dict[str, Listed], bool]:
    """List the plain files of a commit, and whether the list is cut short. Raises HostAway, HostRefused."""
    told = (await client.get(repository, f"/git/trees/{sha}", recursive="1")).json
    files: dict[str, Listed] = {}
    for path, entry in _read(told):
        if entry.mode in FILES and not skipped_folders.intersection(path.split("/")[:-1]):
            files[path] = Listed(entry.sha, entry.size)
    return files, bool(told.get("truncated"))


def blob_sha(content: bytes) -> str:
    """Return the name git gives to these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


async def _entries(client: Client, repository: RepositoryName, tree_sha: str, paths: Sequence[str]) -> dict[str, Entry]:
    """Return the entries of those paths that are there, level by level."""
    found: dict[str, Entry] = {}
    folders = {"": tree_sha}
    while folders:
        trees = await asyncio.gather(*(client.get(repository, f"/git/trees/{sha}") for sha in folders.values()))
        below: dict[str, str] = {}
        for folder, reply in zip(folders, trees, strict=True):
            told = reply.json
            listed = dict(_read(told))
            if told.get("truncated"):
                raise PathProblem(f"The folder {folder or '/'} has too many entries to be read.")
            for path in paths:
                if path.startswith(folder):
                    name, slash, _ = path.removeprefix(folder).partition("/")
                    entry = listed.get(name)
                    if entry is not None and _usable(folder + name, entry, folder=bool(slash)):
                        if slash:
                            below[f"{folder}{name}/"] = entry.sha
                        else:
                            found[path] = entry
        folders = below
    return found


def _usable(path: str, entry: Entry, *, folder: bool) -> bool:
    """Raise PathProblem unless an entry is what belongs there."""
    if entry.mode in {_LINK, _SUBMODULE}:
        what = "a symbolic link" if entry.mode == _LINK else "a submodule"
        message = f"{path} is {what}, and Penstock does not write through those."
        raise PathProblem(message, next_steps=("Replace it by a real folder or file, then run it again.",))
    if (entry.mode == _FOLDER) != folder:
        message = f"{path} is in the way: a folder stands where a file belongs, or a file where a folder does."
        raise PathProblem(message, next_steps=("Move it away, then run it again.",))
    return True


def _read(told: Any) -> list[tuple[str, Entry]]:
    try:
        return [
            (str(each["path"]), Entry(str(each["mode"]), str(each["sha"]), int(each.get("size") or 0)))
            for each in told["tree"]
        ]
    except (KeyError, TypeError, ValueError):
        raise HostAway("GitHub's answer about a folder is none.") from None
