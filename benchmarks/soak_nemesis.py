"""Who breaks things: from a seed, one fault after another, some two at a time. Everything is mended at the end."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis
from fakes import claude_actions, github_actions
from soak_house import LEASE_S, PLAIN, House

_TRANSACTIONS = (b"soak-", b'"name":"gcp-', b'"status":"active"')
"""What passes in the claim, in the promise and in the settlement."""
_STILLS = ("server", "PostgreSQL", "connections")
"""Faults that may hold an answer up; against all others a deadline must help."""
_TICK_S = 0.05
End = Callable[[], None]


class Nemesis:
    """Runs in the main thread, which alone may start databases."""

    def __init__(self, house: House, seed: int) -> None:
        self._house = house
        self._dice = random.Random(f"{seed}/nemesis")  # noqa: S311 -- the seed repeats a run
        self.history: list[tuple[float, str]] = []
        self.faults: dict[str, int] = {}
        self._kinds: dict[str, tuple[int, Callable[[], tuple[str, End]]]] = {
            "server killed": (5, self._kill),
            "server told to end": (2, self._terminate),
            "server stopped beyond its lease": (3, self._stop),
            "PostgreSQL ended at once": (2, self._end_postgres),
            "PostgreSQL backend killed": (2, self._kill_backend),
            "PostgreSQL cut off from a server": (2, self._cut_off),
            "connections to PostgreSQL reset": (2, self._reset),
            "answer to a commit lost": (5, self._lose_commits),
            "Valkey emptied": (1, self._empty_valkey),
            "Valkey stopped": (2, self._stop_valkey),
            "Valkey killed": (1, self._kill_valkey),
            "GitHub storm": (6, self._github),
            "Claude storm": (3, self._claude),
            "somebody pushes": (3, self._push),
        }

    def rage(self, seconds: float) -> None:
        """Break things for so long, then mend everything and wait until all servers are ready. Raises TimeoutError."""
        over = time.monotonic() + seconds
        ends: list[End] = []
        try:
            while time.monotonic() < over:
                ends = [self._begin() for _ in range(2 if self._dice.random() < 0.3 else 1)]
                self._wait(min(self._dice.uniform(0.5, 3.0), max(0.0, over - time.monotonic())))
                while ends:
                    ends.pop()()
                self._wait(self._dice.uniform(0.2, 1.5))
        finally:
            while ends:
                ends.pop()()
        self._house.wait_ready(60)

    def _begin(self) -> End:
        names = list(self._kinds)
        (name,) = self._dice.choices(names, [self._kinds[each][0] for each in names])
        begun = time.monotonic()
        detail, end = self._kinds[name][1]()
        self.faults[name] = self.faults.get(name, 0) + 1
        self.history.append((begun, f"{name}: {detail}"))

        def ended() -> None:
            end()
            if name.startswith(_STILLS):
                self._house.pauses.append((begun, time.monotonic()))
            self.history.append((time.monotonic(), f"over: {name}"))

        return ended

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._house.keep()
            time.sleep(_TICK_S)

    def _kill(self) -> tuple[str, End]:
        server = self._dice.choice(self._house.servers)
        server.held = True
        server.signal(signal.SIGKILL)
        return server.name, lambda: setattr(server, "held", False)

    def _terminate(self) -> tuple[str, End]:
        server = self._dice.choice(self._house.servers)
        server.signal(signal.SIGTERM)
        return server.name, _nothing

    def _stop(self) -> tuple[str, End]:
        server = self._dice.choice(self._house.servers)
        longer = self._dice.uniform(0.2, 2.0)
        begun = time.monotonic()
        server.signal(signal.SIGSTOP)

        def end() -> None:
            self._wait(max(0.0, begun + LEASE_S + longer - time.monotonic()))
            server.signal(signal.SIGCONT)

        return f"{server.name} for {LEASE_S + longer:.1f} s", end

    def _end_postgres(self) -> tuple[str, End]:
        _signal(self._house.postgres.pid or 0, signal.SIGQUIT)  # as pg_ctl stop -m immediate
        self._house.restart_postgres()
        return "", _nothing

    def _kill_backend(self) -> tuple[str, End]:
        backends = _backends(self._house.postgres.pid or 0)
        if backends:
            _signal(self._dice.choice(backends), signal.SIGKILL)
        return f"one of {len(backends)}", _nothing

    def _cut_off(self) -> tuple[str, End]:
        number = self._dice.randrange(len(self._house.wires))
        self._house.wires[number].blackhole()
        return self._house.servers[number].name, self._house.wires[number].heal

    def _reset(self) -> tuple[str, End]:
        number = self._dice.randrange(len(self._house.wires))
        self._house.wires[number].reset()
        return self._house.servers[number].name, _nothing

    def _lose_commits(self) -> tuple[str, End]:
        pattern, times = self._dice.choice(_TRANSACTIONS), self._dice.randint(1, 3)
        for wire in self._house.wires:
            wire.cut_on(pattern, times=times)

        def end() -> None:
            for wire in self._house.wires:
                wire.cut = None

        return f"{pattern.decode()} {times} times at each server", end

    def _empty_valkey(self) -> tuple[str, End]:
        with suppress(redis.RedisError), redis.Redis.from_url(self._house.valkey.url, socket_timeout=1) as client:
            client.flushall()
        return "", _nothing

    def _stop_valkey(self) -> tuple[str, End]:
        pid = self._house.valkey.pid or 0
        _signal(pid, signal.SIGSTOP)
        return "", lambda: _signal(pid, signal.SIGCONT)

    def _kill_valkey(self) -> tuple[str, End]:
        _signal(self._house.valkey.pid or 0, signal.SIGKILL)
        return "", self._house.restart_valkey

    def _github(self) -> tuple[str, End]:
        does = github_actions
        change = r"^(POST|PATCH) .*/git/"
        storms = {
            "5xx on every change": does.server_trouble(change, times=1),
            "5xx on everything": does.server_trouble("", 503),
            "branch moved, answer lost": does.apply_then_drop(does.REF_UPDATE),
            "commit made, answer lost": does.apply_then_drop("POST .*/git/commits"),
            "branch moved, 5xx told": does.server_trouble(does.REF_UPDATE, apply=True),
            "branch moved, silence": does.silent(does.REF_UPDATE, applied=True),
            "silence": does.silent(change),
            "secondary limit": does.secondary_limit(change, retry_after=1),
            "pull requests lost": does.apply_then_drop("POST .*/pulls"),
            "refused for good": does.error(does.REF_UPDATE, 422, "Changes must be made through a pull request."),
        }
        name = self._dice.choice(list(storms))
        self._house.github.script(then=storms[name])
        return name, self._house.github.script

    def _claude(self) -> tuple[str, End]:
        does = claude_actions
        storms = {
            "overloaded": does.overloaded(),
            "rate limited": does.rate_limited(1),
            "reset": does.reset(),
            "silent": does.silent(),
            "broken off": does.error_event(),
        }
        name = self._dice.choice(list(storms))
        self._house.claude.script(then=storms[name])
        return name, self._house.claude.script

    def _push(self) -> tuple[str, End]:
        repository = self._dice.choice(PLAIN)
        files = {f"notes-{self._dice.randrange(5)}.md": f"{time.time()}\n"}
        self._house.github.change("push", repository=repository, branch="main", files=files)
        return repository, _nothing


def _signal(pid: int, how: signal.Signals) -> None:
    """Send a signal to one of our processes, which another fault may have ended meanwhile."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, how)


def _nothing() -> None:
    """End nothing: some faults mend themselves."""


def _backends(postmaster: int) -> list[int]:
    """Return the processes of PostgreSQL that serve clients."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1]) if entry.name.isdigit() else 0
            if parent == postmaster and b"penstock postgres" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)
