"""Servers run as our children: they end when we end, however we end.

On Linux the kernel sends the parent-death signal. It fires when the *thread* that forked ends, so spawn() insists on
the main thread: call it from the event loop's own thread, never through asyncio.to_thread. Elsewhere a watchdog shell
holds the reading end of a pipe and ends the server when the pipe breaks.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

POLL_S = 0.004
_PR_SET_PDEATHSIG = 1
_LARGEST_LOG = 1_048_576
_UNPRIVILEGED = ("postgres", "nobody")
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}


class ChildProblem(RuntimeError):
    """A child that cannot be started, in words."""


@dataclass(frozen=True, slots=True)
class User:
    """Whom a child runs as."""

    uid: int
    gid: int


def server_user(existing: Path) -> User | None:
    """Return the user a child runs as: None (ourselves) unless we are root.

    Root serves on with the owner of what ``existing`` holds from an earlier run. Raises ChildProblem.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and existing.stat().st_uid != 0:
        return User(existing.stat().st_uid, existing.stat().st_gid)
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return User(entry.pw_uid, entry.pw_gid)
    raise ChildProblem(f"Run as root, a server needs one of the users {', '.join(_UNPRIVILEGED)}, and there is none")


class Child:
    """A running server of ours."""

    def __init__(self, process: subprocess.Popen[bytes], watchdog: _Watchdog | None) -> None:
        self._process = process
        self._watchdog = watchdog
        self._stopped = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], *, within_s: float) -> bool:
        """Poll every 4 ms until ready. False when the process ended or the time is over."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if ready():
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(POLL_S)
        return False

    def on_death(self, tell: Callable[[int], None]) -> None:
        """Call ``tell`` with the exit code, in a thread, when it ends though nobody stopped it."""
        threading.Thread(target=self._wait, args=(tell,), name="child-watch", daemon=True).start()

    def _wait(self, tell: Callable[[int], None]) -> None:
        with contextlib.suppress(ChildProcessError):  # stopped, and its end taken note of, before we asked
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            if ended is not None and not self._stopped:
                tell(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status)

    def result(self, *, within_s: float) -> int:
        """Wait for a program that ends by itself and return its exit code; by force when it takes too long."""
        return self.stop((), within_s=within_s)

    def stop(self, signals: Sequence[signal.Signals], *, within_s: float) -> int:
        """End it: each signal in turn gets ``within_s`` seconds, then SIGKILL. Returns the exit code."""
        self._stopped = True
        if self._watchdog:
            self._watchdog.close()
        for each in signals:
            self._process.send_signal(each)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(within_s)
        if not signals:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(within_s)
        self._process.kill()
        return self._process.wait()


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    ends_by: signal.Signals,
    user: User | None = None,
    holds: Sequence[int] = (),
    watchdog: bool = sys.platform != "linux",
) -> Child:
    """Start a program in the foreground, output to ``log``; it gets ``ends_by`` when this process dies.

    ``holds`` are open files it inherits: a lock is then let go of only when both of us are gone. Raises ChildProblem
    when the program cannot be started, RuntimeError outside of the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Spawn from the main thread: the child would die with any other.")
    with _log(log) as output:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=None if watchdog else _dies_with_us(os.getpid(), ends_by),  # noqa: PLW1509 -- main thread only; no helper program knows prctl everywhere
                pass_fds=tuple(holds),
                start_new_session=True,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT},
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )
        except (OSError, subprocess.SubprocessError) as problem:
            raise ChildProblem(f"{command[0]} cannot be run: {problem}") from problem
    return Child(process, _Watchdog(process.pid, ends_by) if watchdog else None)


def last_lines(log: Path, count: int = 3) -> str:
    """Return the end of a child's log in one line, for error messages."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " / ".join(lines[-count:])


def _dies_with_us(parent: int, ends_by: signal.Signals) -> Callable[[], None]:
    """Return what runs in the child after the change of user (which would clear the signal) and before exec."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(ends_by))
        if os.getppid() != parent:  # it died before the signal was set
            os._exit(1)

    return prepare


def _log(file: Path) -> BinaryIO:
    """Open a log for appending, begun anew when it has grown beyond 1 MiB."""
    grown = file.exists() and file.stat().st_size > _LARGEST_LOG
    return file.open("wb" if grown else "ab")


class _Watchdog:
    """A shell that waits for a pipe of ours to break and then signals the child."""

    def __init__(self, pid: int, ends_by: signal.Signals) -> None:
        reading, self._writing = os.pipe()
        script = 'read -r _; kill -s "$1" "$2"'
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", ends_by.name.removeprefix("SIG"), str(pid)],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        os.close(reading)

    def close(self) -> None:
        """Call it off, before the child ends and its number is given to another."""
        self._shell.kill()
        self._shell.wait()
        with contextlib.suppress(OSError):
            os.close(self._writing)
