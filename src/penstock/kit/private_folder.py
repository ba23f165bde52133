"""Folders a server of ours lives in: one process at a time owns one, and the user it runs as can reach it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from penstock.kit.child_process import POLL_S, User

_LONGEST_SOCKET = 103
"""Bytes of a Unix socket's path that every system takes (macOS 104 with its end, Linux 108)."""
_SEARCH = 0o001
_PASS = 0o011


_MARKS = ("VERSION", "postgres", "postgres.lock", "valkey.lock", "embedded.location", "fingerprint.key", "pepper.key")
_OF_THE_SYSTEM = {"lost+found"}
_HALF_MADE = "initdb-"
"""What a start that was cut off leaves behind."""


class ForeignFolder(RuntimeError):
    """A folder that holds something, and nothing of ours."""


def check_ours(folder: Path) -> None:
    """Let a missing, an empty and a used data folder pass. Raises ForeignFolder, OSError."""
    if not folder.exists() or any((folder / mark).exists() for mark in _MARKS):
        return
    foreign = {each.name for each in folder.iterdir() if not each.name.startswith(_HALF_MADE)} - _OF_THE_SYSTEM
    if foreign:
        raise ForeignFolder(f"The folder {folder} holds other files, and nothing of Penstock's.")


def let_pass(folder: Path) -> None:
    """Let other users pass through a folder that is ours (``check_ours``); nothing in it becomes readable by that."""
    mode = folder.stat().st_mode & 0o7777
    if mode & _PASS != _PASS:
        folder.chmod(mode | _PASS)


class FolderHeld(RuntimeError):
    """Another process has the folder."""

    def __init__(self, holder: int | None, why: str) -> None:
        self.holder = "an unknown process" if holder is None else f"process {holder}"
        super().__init__(f"held by {self.holder}: {why}")


class FolderLock:
    """The right to a folder: an flock the kernel lets go of when the last of its holders dies.

    The server inherits it, so the folder stays locked until the server, too, is gone.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.handle = -1

    def acquire(self) -> bool:
        """Take the lock; False when another process has it. Raises OSError when the file cannot be opened."""
        handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self.handle = handle
        return True

    def holder(self) -> int | None:
        """Return the process that took it last, None when the file does not say."""
        with contextlib.suppress(OSError, ValueError):
            return int(self.file.read_text())
        return None

    def holder_lives(self) -> bool:
        """Whether that process is still there: if not, only a server that is ending holds the lock."""
        holder = self.holder()
        if holder is None:
            return True
        try:
            os.kill(holder, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def take_or_attach(self, answers: Callable[[], bool], *, attach: bool, patience_s: float) -> bool:
        """Return True when the folder is ours, False when its server, run by another process, answers.

        A server that is ending or starting is waited for. Raises FolderHeld, OSError.
        """
        until = time.monotonic() + patience_s
        while not self.acquire():
            lives = self.holder_lives()
            if lives and not attach:
                raise FolderHeld(self.holder(), "it is in use")
            if lives and answers():
                return False
            if time.monotonic() > until:
                raise FolderHeld(self.holder(), "its server does not answer")
            time.sleep(POLL_S)
        return True

    def release(self) -> None:
        """Let go of our part."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def closed_folder(path: Path, user: User | None) -> Path | None:
    """Return the outermost folder on the way to ``path`` (or itself) that ``user`` may not pass; None: all is open."""
    if user is None:
        return None
    for folder in (*reversed(path.parents), path):
        try:
            state = folder.stat()
        except FileNotFoundError:
            return None
        shift = 6 if state.st_uid == user.uid else 3 if state.st_gid == user.gid else 0
        if not state.st_mode & (_SEARCH << shift):
            return folder
    return None


def open_home(data_dir: Path, user: User | None, store: Path) -> Path:
    """Return the folder servers live in: the data folder, or one below ``store`` when its parents are closed to them.

    The data folder itself may be closed: owned by root it is opened for passing through. Changes nothing.
    """
    whole = data_dir.resolve()
    if closed_folder(whole.parent, user) is None:
        return whole
    return store / f"embedded-{_short(whole)}"


def socket_folder(home: Path, user: User | None, longest_name: str) -> Path:
    """Make and return a folder for sockets, closed to others, its path short enough. Raises OSError."""
    sockets = home / "run"
    if len(os.fsencode(sockets / longest_name)) > _LONGEST_SOCKET:
        sockets = Path(tempfile.gettempdir()) / f"penstock-{os.geteuid()}-{_short(home)}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    owner = user.uid if user else os.geteuid()
    state = sockets.lstat()
    if user and state.st_uid == 0:
        os.chown(sockets, user.uid, user.gid, follow_symlinks=False)
    elif state.st_uid != owner or sockets.is_symlink():
        raise PermissionError(1, f"the socket folder {sockets} belongs to somebody else")
    sockets.chmod(0o700)
    return sockets


def reachable(program: Path, whole: Path, user: User | None, store: Path) -> Path:
    """Return ``program`` where ``user`` can run it: where it is, or in a copy of ``whole`` below ``store``.

    Raises OSError when the copy cannot be made.
    """
    if closed_folder(program, user) is None:
        return program
    copy = store / f"programs-{_short(whole)}"
    if not copy.exists():
        store.mkdir(mode=0o755, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="programs-", dir=store))
        shutil.copytree(whole, fresh / "whole", symlinks=True)
        for path in (fresh / "whole", *(fresh / "whole").rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        with contextlib.suppress(OSError):  # another process was quicker
            (fresh / "whole").rename(copy)
        shutil.rmtree(fresh)
    return copy / program.relative_to(whole)


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
