"""A repository's files as detection sees them: a bounded list of paths and their bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from penstock.errors import PathProblem

MAX_FILES = 20_000
MAX_PASSED_OVER = 1_000
"""Links and special files that are remembered."""
MAX_READ = 1_048_576
"""Bytes of one file that are read; larger ones are known by name only."""

SKIPPED_FOLDERS = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache", ".idea",
        ".pytest_cache", ".ruff_cache", ".gradle", ".next", ".nuxt", ".svelte-kit", ".terraform", "bower_components",
        ".yarn", ".pnpm-store", ".cache", ".parcel-cache", ".turbo",
    }
)  # fmt: skip
"""Folders that hold no source of the project: dependencies, caches, version control."""


class Tree(Protocol):
    """What detection needs of a repository."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files, sorted, with ``/`` between folders."""
        ...

    @property
    def truncated(self) -> bool:
        """Whether a bound stopped the walk before its end."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None when it is missing, unreadable or larger than a mebibyte."""
        ...


class LocalTree:
    """A folder on this machine. Symbolic links are never followed: they could lead out of the repository.

    ``passed_over`` lists them, and what is no file either (pipes, sockets, devices): path and what it is.
    """

    def __init__(self, root: Path, *, max_files: int = MAX_FILES) -> None:
        """Walk the folder once. Raises PathProblem when it is missing, unreadable or not a folder."""
        self.root = root
        if not root.is_dir():
            what = "is not a folder" if root.exists() else "does not exist"
            message = f"{root} {what}."
            raise PathProblem(message, next_steps=("Name the repository's folder.",))
        try:
            with os.scandir(root):
                pass
        except OSError as problem:
            message = f"{root} cannot be read: {problem.strerror}."
            raise PathProblem(message) from problem
        self._paths, self._truncated, self.passed_over = _walk(root, max_files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files, sorted."""
        return self._paths

    @property
    def truncated(self) -> bool:
        """Whether the walk was cut short."""
        return self._truncated

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        try:
            handle = os.open(f"{self.root}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError):
            return None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_READ:
                return None
            content = os.read(handle, MAX_READ + 1)
            return content if len(content) == found.st_size else None
        except OSError:
            return None
        finally:
            os.close(handle)


class MappingTree:
    """Files sent along with a request."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self._paths = tuple(sorted(self._files))

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files, sorted."""
        return self._paths

    @property
    def truncated(self) -> bool:
        """Never: the request was bounded at the door."""
        return False

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        content = self._files.get(path)
        return None if content is None or len(content) > MAX_READ else content


class WithoutFiles:
    """A tree with some files hidden: what Penstock wrote itself must not become a fact about the repository."""

    def __init__(self, tree: Tree, hidden: frozenset[str]) -> None:
        self._tree = tree
        self._hidden = hidden
        self._paths = tuple(path for path in tree.paths if path not in hidden)

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the files that are left."""
        return self._paths

    @property
    def truncated(self) -> bool:
        """As the tree beneath."""
        return self._tree.truncated

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None."""
        return None if path in self._hidden else self._tree.read(path)


def matches(path: str, glob: str) -> bool:
    """Whether a path fits a glob; a glob without a slash is held against the file name alone."""
    return fnmatchcase(path if "/" in glob else path.rpartition("/")[2], glob)


def _walk(root: Path, max_files: int) -> tuple[tuple[str, ...], bool, tuple[tuple[str, str], ...]]:
    found: list[str] = []
    passed_over: list[tuple[str, str]] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in listed:
            path = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS:
                    pending.append(f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                if len(found) >= max_files:
                    return tuple(sorted(found)), True, tuple(passed_over)
                found.append(path)
            elif len(passed_over) < MAX_PASSED_OVER:
                what = (
                    "a symbolic link, and links are not followed" if entry.is_symlink() else "a pipe, socket or device"
                )
                passed_over.append((path, what))
    return tuple(sorted(found)), False, tuple(passed_over)
