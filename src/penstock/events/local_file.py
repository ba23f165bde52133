"""Events as lines of JSON in a file of this machine: on disk before they count as published."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from penstock.domain.events import Event, Published


class LocalFile:
    """Appends to ``path``; a full file is renamed to ``path.1``, ``path.1`` to ``path.2``, and the oldest goes.

    Several servers may share the file: each write holds a lock. A line torn by a crash is ended, and its event, which
    was never marked, comes again.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep

    async def publish(self, events: Sequence[Event]) -> Published:
        """Append all events with one sync."""
        lines = b"".join(orjson.dumps(event.document(), default=str) + b"\n" for event in events)
        try:
            await asyncio.to_thread(self._append, lines)
        except OSError as problem:
            return Published(away=f"the events file cannot be written: {problem.strerror or 'unknown reason'}")
        return Published(frozenset(event.event_id for event in events))

    async def close(self) -> None:
        """Nothing is kept open."""

    def _append(self, lines: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_name(f"{self._path.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._rotate()
            new = not self._path.exists()
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(file).st_size
                torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
                _write(file, b"\n" + lines if torn else lines)
                os.fdatasync(file)
            finally:
                os.close(file)
            if new:
                self._sync_folder()

    def _rotate(self) -> None:
        if not self._path.exists() or self._path.stat().st_size < self._max_bytes:
            return
        for number in range(self._keep, 0, -1):
            older = self._path if number == 1 else self._rotated(number - 1)
            if older.exists():
                older.replace(self._rotated(number))

    def _rotated(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write(file: int, content: bytes) -> None:
    """Write all of it. Raises OSError; what is written by then is cut off again, so that no line stands half."""
    start = os.fstat(file).st_size
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, start)
        raise
