"""A simulated API in a process of its own, seen from the test: start it, script it, read its calls, end it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
CONTROL_SECONDS = 40  # longer than the server lets a reader of calls wait


@dataclass(frozen=True)
class Call:
    """One request as the simulated API received it, and what became of it."""

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: str
    arrived: float
    request_id: str
    status: int | None
    bytes_sent: int
    client_left: bool
    over: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def wire(self) -> str:
        """Everything that was sent, in one text to search: as it came, and the JSON's strings without escapes."""
        headers = (f"{name}: {value}" for name, value in self.headers.items())
        return "\n".join([self.path, *headers, self.body, *_strings(self.json if self.body.startswith("{") else None)])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from _strings(each)


class OwnProcess:
    """One running process of a module that prints its port and ends when its standard input closes."""

    def __init__(self, module: str, *arguments: str) -> None:
        paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", "0", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said, f"{module} did not start; its error stands above"
        self.port = int(json.loads(said)["port"])
        self.url = f"http://127.0.0.1:{self.port}"

    def script(self, *once: dict[str, Any], then: dict[str, Any] | list[dict[str, Any]] | None = None) -> None:
        """Replace the script: `once` is used up in order, `then` (one, or the first that matches) stays."""
        stays = then if isinstance(then, list) else [then] if then is not None else []
        self._control("POST", "/_script", {"once": once, "then": stays})

    def calls(self) -> list[Call]:
        """Return all calls since the last reset, once none is being answered any more."""
        return self._calls("settled")

    def calls_so_far(self, *, at_least: int = 0) -> list[Call]:
        """Return the calls as they stand, waiting until there are `at_least` so many; some may be under way."""
        return self._calls(f"at_least={at_least}")

    def wire(self) -> str:
        """Return everything ever received, to be searched for what must not be in it."""
        return "\n\n".join(call.wire for call in self.calls())

    @property
    def connections(self) -> int:
        """How many connections were opened since the last reset (each control call opens one too)."""
        return int(self._control("GET", "/_calls")["connections"])

    @property
    def actions_left(self) -> int:
        """How many actions of the script were not used."""
        return int(self._control("GET", "/_calls")["actions_left"])

    def reset(self) -> None:
        """Forget everything: script, calls and whatever the simulation holds."""
        self._control("POST", "/_reset")

    def kill(self) -> None:
        """End at once, as a machine that fails; whoever calls afterwards finds nobody listening."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(timeout=10)

    def _calls(self, wait: str) -> list[Call]:
        return [Call(**each) for each in self._control("GET", f"/_calls?{wait}")["calls"]]

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CONTROL_SECONDS)
        try:
            connection.request(method, path, json.dumps(body))
            response = connection.getresponse()
            content = json.loads(response.read())
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ValueError(content["problem"])
        return content
