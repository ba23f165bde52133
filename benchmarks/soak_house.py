"""The house under the soak: three servers on one PostgreSQL and one Valkey, a balancer, simulated Claude and GitHub.

Durations are a fifth of the specification's. Everything stands in one folder and ends with the soak.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

from fakes.claude_process import simulated_claude
from fakes.github_process import BareRepository, simulated_github
from fakes.tcp_proxy import TcpProxy, tcp_proxy, through
from soak_balancer import Balancer

from penstock.database import embedded_postgres
from penstock.database.migrations import migrate
from penstock.gateway import embedded_valkey

ROOT = Path(__file__).parent.parent
PENSTOCK = Path(sys.executable).parent / "penstock"
EXAMPLE = ROOT / "examples" / "payment-api"
SCALE = 5
"""Durations are this many times shorter than the specification's."""
LEASE_S = 30 / SCALE
GRACE_S = 60 / SCALE
ANSWER_S = 45.5 / SCALE
SERVERS = 3
ORGANISATIONS = ("soak-one", "soak-two")
PLAIN = tuple(f"acme/plain-{number}" for number in range(4))
PROTECTED = tuple(f"acme/protected-{number}" for number in range(2))
_RESTART_S = 0.5


class Server:
    """One server process that is started again when it ends, as a platform does."""

    def __init__(self, name: str, port: int, log: Path, environment: dict[str, str]) -> None:
        self.name, self.port, self.log = name, port, log
        self._environment = environment
        self._since = 0.0
        self.held = False
        """Somebody keeps it down."""
        self.starts = 0
        self._logged = 0
        self.starting = False
        self.process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Start it when it does not run; at most twice a second."""
        if self.running() or self.held or time.monotonic() - self._since < _RESTART_S:
            return
        self._since = time.monotonic()
        self.starts += 1
        self._logged = self.log.stat().st_size if self.log.exists() else 0
        self.starting = True
        with self.log.open("ab") as log:
            command = [PENSTOCK, "serve", "--port", str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def began(self) -> float | None:
        """Return when it was started, this once, as soon as it listens; its port takes connections before."""
        if not self.starting or not self.running():
            return None
        with self.log.open("rb") as log:
            log.seek(self._logged)
            self.starting = b"listens on" not in log.read()
        return None if self.starting else self._since

    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def signal(self, how: signal.Signals) -> None:
        """Send a signal when it runs."""
        if self.running() and self.process is not None:
            self.process.send_signal(how)

    def ready(self) -> bool:
        """Whether it says that it may be asked."""
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz/ready", timeout=1) as told,
        ):
            return bool(told.status == 200)
        return False

    def stop(self) -> None:
        """End it in order, by force after ten seconds."""
        self.held = True
        if self.process is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(12)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class House:
    """Everything that runs. Made and closed in the main thread: the database must die with it."""

    def __init__(self, *, mutation_every_s: float = 0.02) -> None:
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-soak-")))
        self.folder.chmod(0o711)  # root's PostgreSQL runs as somebody else, who must pass
        self.pauses: list[tuple[float, float]] = []
        """When something that answers was stopped or away (monotonic seconds)."""
        try:
            self._open(mutation_every_s)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, mutation_every_s: float) -> None:
        self.postgres = embedded_postgres.start(self.folder / "postgres")
        self.valkey = embedded_valkey.start(self.folder / "valkey")
        self._stack.callback(self._end_services)
        self.dsn = self.postgres.dsn
        self.claude = self._stack.enter_context(simulated_claude())
        self.github = self._stack.enter_context(simulated_github())
        self.wires = [self._stack.enter_context(tcp_proxy(self.dsn)) for _ in range(SERVERS)]
        self.secrets = {
            "pepper": secrets.token_hex(32),
            "model key": "sk-ant-" + secrets.token_hex(24),
            "host token": "ghp_" + secrets.token_hex(18),
            "planted in sentences": "AKIA" + secrets.token_hex(8).upper(),
        }
        self.repositories = self._repositories()
        asyncio.run(migrate(self.dsn))
        self.keys = [self._key(organisation) for organisation in ORGANISATIONS]
        self.secrets.update({f"API key {number}": key for number, key in enumerate(self.keys)})
        ports = [_free_port() for _ in range(SERVERS)]
        self.servers = [
            Server(f"server {number + 1}", port, self.folder / f"server-{number}.log", self._environment(
                self.folder / f"server-{number}", self.wires[number], mutation_every_s))
            for number, port in enumerate(ports)
        ]  # fmt: skip
        for server in self.servers:
            self._stack.callback(server.stop)
        self.keep()
        self.balancer = Balancer(ports)
        self._stack.callback(self.balancer.close)
        self.wait_ready(60)

    def _end_services(self) -> None:
        self.valkey.close()
        self.postgres.close()

    def restart_postgres(self) -> None:
        """Start the database again after it was ended."""
        self.postgres.close()
        self.postgres = embedded_postgres.start(self.folder / "postgres")

    def restart_valkey(self) -> None:
        """Start Valkey again after it was ended."""
        self.valkey.close()
        self.valkey = embedded_valkey.start(self.folder / "valkey")

    def keep(self) -> None:
        """Start every server that ended, and note how long the starts took."""
        for server in self.servers:
            server.keep()
            began = server.began()
            if began is not None:
                self.pauses.append((began, time.monotonic()))

    def wait_ready(self, within_s: float) -> None:
        """Wait until every server is ready. Raises TimeoutError."""
        until = time.monotonic() + within_s
        while not all(server.ready() for server in self.servers):
            if time.monotonic() > until:
                raise TimeoutError("Not every server became ready again: " + self.last_words())
            self.keep()
            time.sleep(0.1)

    def last_words(self) -> str:
        """Return the end of every server's log."""
        return "\n".join(f"{server.name}: {server.log.read_text()[-500:]}" for server in self.servers)

    def penstock(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the servers' database."""
        environment = self._environment(self.folder / "server-0", None, 0)
        return subprocess.run([PENSTOCK, *command], check=False, capture_output=True, text=True, env=environment)

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    def _key(self, organisation: str) -> str:
        made = self.penstock("keys", "create", "--name", "soak", "--org", organisation, "--owner", "soak", "--json")
        assert made.returncode == 0, made.stderr
        key: str = json.loads(made.stdout)["key"]
        return key

    def _repositories(self) -> dict[str, BareRepository]:
        files = {
            path.relative_to(EXAMPLE).as_posix(): path.read_text()
            for path in EXAMPLE.rglob("*")
            if path.is_file() and "node_modules" not in path.parts
        }
        made = {name: self.github.repository(name, files) for name in (*PLAIN, *PROTECTED)}
        for name in PROTECTED:
            self.github.change("protect", repository=name, branch="main")
        self.github.change("pace", changes_per_minute=1_000_000)
        self.github.token(self.secrets["host token"], kind="classic", scopes=["repo", "workflow"])
        self.github.change("limit", token=self.secrets["host token"], remaining=10_000_000)
        return made

    def _environment(self, data_dir: Path, wire: TcpProxy | None, mutation_every_s: float) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
        chosen = {
            "DATA_DIR": str(data_dir),
            "DATABASE__URL": through(wire, self.dsn) if wire else self.dsn,
            "DATABASE__POOL_MIN": "2",
            "DATABASE__POOL_MAX": "8",
            "DATABASE__MAX_INSTANCES": str(SERVERS),
            "DATABASE__LEASE_S": str(LEASE_S),
            "REDIS__URL": self.valkey.url,
            "ARCHIVE__URL": (self.folder / "archive").as_uri(),
            "GATEWAY__PEPPER": self.secrets["pepper"],
            "GATEWAY__REQUESTS_PER_MINUTE": "1000000",
            "GATEWAY__GENERATIONS_PER_USER": "1000",
            "GATEWAY__GENERATIONS_PER_ORG": "1000",
            "GITHUB__TOKEN": self.secrets["host token"],
            "GITHUB__BASE_URL": self.github.url,
            "GITHUB__DELIVER_S": str(2 * 10 / SCALE),  # the simulated host runs git for each call
            "GITHUB__MUTATION_EVERY_S": str(mutation_every_s),
            "RECOVERY__EVERY_S": str(15 / SCALE),
            "RECOVERY__BACKOFF_S": "[1.0, 2.0, 3.0]",
            "RECOVERY__GRACE_S": str(GRACE_S),
            "MODEL__API_KEY": self.secrets["model key"],
            "MODEL__BASE_URL": self.claude.url,
            "MODEL__FIRST_BYTE_S": str(8 / SCALE),
            "MODEL__IDLE_S": str(8 / SCALE),
            "MODEL__ATTEMPT_S": str(30 / SCALE),
            "MODEL__BACKOFF_S": "[0.4, 0.8, 1.6]",
            "MODEL__LEAST_LEFT_S": str(4 / SCALE),
            "MODEL__LEAST_LEFT_AFTER_TOTAL_S": str(10 / SCALE),
            "BREAKER__WINDOW_S": str(60 / SCALE),
            "BREAKER__OPEN_S": str(30 / SCALE),
            "BREAKER__PROBE_LEASE_S": str(35 / SCALE),
            "DEADLINE__MODEL_S": str(36 / SCALE),
            "DEADLINE__JUDGE_S": str(38 / SCALE),
            "DEADLINE__ANSWER_S": str(45 / SCALE),
        }
        return {**kept, **{f"PENSTOCK_{name}": value for name, value in chosen.items()}}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
