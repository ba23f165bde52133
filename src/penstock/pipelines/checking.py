"""Which files of a folder the gate is to judge."""

from __future__ import annotations

from pathlib import Path

from penstock.detection.tree import LocalTree
from penstock.errors import PathProblem
from penstock.policy.collect import delivery_files


def files_to_check(path: Path) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the delivery files of a repository (or the one file named) and every path it has. Raises PathProblem."""
    if path.is_file():
        try:
            return {path.name: path.read_bytes()}, (path.name,)
        except OSError as problem:
            message = f"{path} cannot be read: {problem.strerror}."
            raise PathProblem(message) from problem
    tree = LocalTree(path)
    files = {}
    for name in delivery_files(tree):
        content = tree.read(name)
        if content is not None:
            files[name] = content
    return files, tuple(tree.paths)
