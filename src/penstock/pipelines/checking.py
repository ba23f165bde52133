"""Which files of a folder the gate is to judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from penstock.detection.tree import MAX_READ, LocalTree
from penstock.errors import PathProblem
from penstock.policy.collect import collect, unlookable


@dataclass(frozen=True)
class ToCheck:
    """What a folder, or one file, has for the gate."""

    files: dict[str, bytes]
    repo_paths: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    """Delivery files that could not be read, are links, or were too many: (path, reason)."""
    only_for_secrets: bool = False
    """Whether no delivery file is among them."""


def files_to_check(path: Path) -> ToCheck:
    """Return the delivery files of a repository, or the one file named. Raises PathProblem."""
    if path.is_file():
        return ToCheck({path.name: _whole(path)}, (path.name,))
    tree = LocalTree(path)
    collected = collect(tree)
    only_for_secrets = collected.for_secrets == set(collected.files)
    left_out = (*collected.left_out, *unlookable(tree.passed_over))
    return ToCheck(collected.files, tuple(tree.paths), left_out, only_for_secrets)


def _whole(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_READ + 1)
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}."
        raise PathProblem(message) from problem
    if len(content) > MAX_READ:
        message = f"{path} is larger than {MAX_READ >> 20} MiB, the most that is judged."
        raise PathProblem(message, next_steps=("Split it into smaller files.",))
    return content
