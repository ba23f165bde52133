"""The real server: its own process, its own data folder, spoken to over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PENSTOCK = Path(sys.executable).parent / "penstock"
ROOT = Path(__file__).parents[3]
PAYMENT_API = {
    name: (ROOT / "examples" / "payment-api" / name).read_text() for name in ("package.json", "package-lock.json")
}
BODY = {
    "intent": "Create CI/CD pipeline for payment-api",
    "service_context": {"service_name": "payment-api", "files": PAYMENT_API},
}
GENERATE = "/api/v1/pipelines/generate"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


def clean_environment(data_dir: Path, **env: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    return {**kept, "PENSTOCK_DATA_DIR": str(data_dir), **env}


def penstock(data_dir: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [PENSTOCK, *command],
        check=False, capture_output=True, text=True, timeout=60, env=clean_environment(data_dir, **env),
    )  # fmt: skip


SERVE = (PENSTOCK, "serve", "--port", "0")


class Server:
    """One running server."""

    def __init__(
        self, data_dir: Path, command: Sequence[str | Path] = SERVE, *, stderr: int | None = None, **env: str
    ) -> None:
        self.data_dir = data_dir
        self.log_file = data_dir.with_suffix(".log")
        self._log: IO[bytes] = self.log_file.open("ab")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log if stderr is None else stderr, text=True, env=clean_environment(data_dir, **env),
        )  # fmt: skip
        self.said = self._until_it_listens()
        self.url = re.search(r"http://\S+", self.said)[0]
        found = re.search(r"^  (pst_\w+)$", self.said, re.MULTILINE)
        self.key = found[1] if found else ""

    def _until_it_listens(self) -> str:
        assert self.process.stdout
        said = self.process.stdout.readline()
        assert "listens on" in said, self.log_file.read_text()
        while "keys create" not in said and "--data " not in said:
            said += self.process.stdout.readline()
        return said

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Answer:
        """Send one request with this server's first key, or ``key``; "" sends none."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=content, method=method)  # noqa: S310 -- our own address
        sent = self.key if key is None else key
        if sent:
            request.add_header("Authorization", f"Bearer {sent}")
        if content is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- as above
                return Answer(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return Answer(answer.code, _lower(answer.headers), answer.read())

    def children(self) -> set[int]:
        """Return the processes below the server, however deep."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text()
                except OSError:
                    continue
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
        found = {self.process.pid}
        while True:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            if not more:
                return found - {self.process.pid}
            found |= more

    def services(self) -> set[int]:
        """Return its children but for those that judge with the policies."""
        judges = {pid for pid in self.children() if b"regorus_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}
        return self.children() - judges

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(30)
        assert self.process.stdout
        self.process.stdout.close()
        self._log.close()
        return code


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
