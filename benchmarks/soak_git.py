"""What git holds after a soak: commits by pipeline, and whether their files are the promised ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from fakes.github_process import BareRepository

_TRAILER = "%(trailers:key=Skills-Pipeline-Id,valueonly,separator=%x2c)"


def commits_by_pipeline(repositories: Mapping[str, BareRepository]) -> dict[str, list[tuple[str, str]]]:
    """Return (repository, SHA) of each commit on any branch, by the pipeline its trailer names."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, repository in repositories.items():
        for line in repository.git("log", "--branches", f"--format=%H {_TRAILER}").splitlines():
            sha, _, pipeline_id = line.partition(" ")
            if pipeline_id:
                found.setdefault(pipeline_id, []).append((name, sha))
    return found


def wrong_files(
    repositories: Mapping[str, BareRepository], commit: tuple[str, str], promised: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return the promised files that a commit does not hold byte for byte."""
    name, sha = commit
    lines = repositories[name].git("ls-tree", "-r", "-z", sha).split("\0")
    held = {path: entry.split()[2] for entry, _, path in (line.partition("\t") for line in lines) if path}
    return [str(file["path"]) for file in promised if held.get(file["path"]) != _blob(bytes(file["content"]))]


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
