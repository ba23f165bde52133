"""A house whose server is killed at chosen places: one data folder, and what is left in it, in git and at the model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import urllib.error
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
from fakes import claude_actions as say
from fakes.claude_process import SimulatedClaude
from fakes.github_process import BareRepository, SimulatedGitHub
from model_requests import said
from server_process import GENERATE, PAYMENT_API, SERVE, Answer, Server, clean_environment

from penstock.database import embedded_postgres
from penstock.domain.pipelines import TRANSITIONS, Status
from penstock.kit.crash_points import VARIABLE

POINTS = tuple(f"K{number}" for number in range(1, 14))
NOT_WITHOUT_A_MODEL = frozenset({"K3", "K4", "K5"})
PROMISED = frozenset(POINTS[7:])
"""K7 kills while the promise is on its way: both ways are right."""
ASKED_AGAIN = frozenset({"K3", "K4"})
"""The answer was not kept, so the model is asked once more."""
LONG_S = 60.0


@dataclass
class Case:
    """One kill."""

    point: str
    mode: str
    returns: bool
    """Whether the client sends the same request again with the same key."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    reached: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    """The record as the kill left it."""
    ended: str = ""

    @property
    def repository(self) -> str:
        return f"acme/{self.point.lower().replace(':', '-').replace('.', '-')}-{self.mode}-{'back' if self.returns else 'gone'}"

    @property
    def body(self) -> dict[str, Any]:
        return {
            "intent": "Create CI/CD pipeline for payment-api",
            "service_context": {"repository": self.repository},
            "options": {"target": "cloud-run", "delivery": "commit", "mode": self.mode},
        }


class House:
    """One data folder, and the servers that live in it one after another."""

    def __init__(
        self, folder: Path, claude: SimulatedClaude, github: SimulatedGitHub, *, key: str = "", **of_its_own: str
    ) -> None:
        self.folder, self.claude, self.github = folder, claude, github
        self.key, self.of_its_own = key, of_its_own
        self.repositories: dict[str, BareRepository] = {}
        claude.script(then=say.answer(said()))
        github.token("ghp_simulated", kind="classic", scopes=["repo", "workflow"])

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE": "100000",
            "PENSTOCK_DATABASE__POOL_MIN": "4",
            "PENSTOCK_MODEL__API_KEY": "sk-ant-simulated",
            "PENSTOCK_MODEL__BASE_URL": self.claude.url,
            "PENSTOCK_GITHUB__TOKEN": "ghp_simulated",
            "PENSTOCK_GITHUB__BASE_URL": self.github.url,
            "PENSTOCK_GITHUB__MUTATION_EVERY_S": "0",
            **self.of_its_own,
            **more,
        }

    def server(self, **more: str) -> Server:
        server = Server(self.folder, **self.environment(**more))
        self.key = self.key or server.key
        server.key = self.key
        return server

    def kill_at(self, case: Case) -> None:
        """Let a server of its own meet its end. Leases are long: nobody finishes anything until ``time_passes``."""
        self.repositories[case.repository] = self.github.repository(case.repository, PAYMENT_API)
        server = self.server(**{VARIABLE: case.point, "PENSTOCK_DATABASE__LEASE_S": "600"})
        try:
            answer = self.send_until_answered(server, case)
            assert answer.status == 201, answer.text
        except (OSError, urllib.error.URLError):
            assert server.process.wait(10) == -9, server.log_file.read_text()[-2000:]
            case.reached = True
        finally:
            server.stop()

    def kill_who_rescues(self) -> None:
        """Start a server that dies while it finishes what others promised: right after a branch moved."""
        environment = self.environment(**{VARIABLE: "K11", "PENSTOCK_DATABASE__LEASE_S": "1"})
        command = subprocess.run(
            SERVE, env=clean_environment(self.folder, **environment), capture_output=True, timeout=LONG_S, check=False
        )
        assert command.returncode == -9, command.stderr

    def healthy(self) -> Server:
        return self.server(
            PENSTOCK_DATABASE__LEASE_S="3",
            PENSTOCK_RECOVERY__EVERY_S="0.3",
            PENSTOCK_RECOVERY__GRACE_S="0.3",
            PENSTOCK_RECOVERY__BACKOFF_S="[0.3]",
        )

    def send(self, server: Server, case: Case) -> Answer:
        return server.call("POST", GENERATE, case.body, Idempotency_Key=case.key)

    def send_until_answered(self, server: Server, case: Case) -> Answer:
        """Send it as a client does: while somebody else works on it, or the database is slow to come up, once more."""
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            answer = self.send(server, case)
            if answer.status != 409 and answer.json.get("error") != "Database error":
                return answer
            self.fetch("SELECT pg_sleep(0.1)")
        raise AssertionError(answer.text)

    def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        """Ask the house's database; its own PostgreSQL is started for the moment when it does not run."""
        with self.database() as dsn:
            return asyncio.run(_fetched(dsn, query, values))

    @contextmanager
    def database(self) -> Iterator[str]:
        if "PENSTOCK_DATABASE__URL" in self.of_its_own:
            yield self.of_its_own["PENSTOCK_DATABASE__URL"]
            return
        postgres = embedded_postgres.start(self.folder)
        try:
            yield postgres.dsn
        finally:
            postgres.close()

    def time_passes(self) -> None:
        """Let every lease run out."""
        self.fetch("UPDATE pipelines SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")

    def records(self) -> dict[str, dict[str, Any]]:
        """Return every record by its key."""
        return {row["idem_key"]: dict(row) for row in self.fetch("SELECT * FROM pipelines")}

    def wait_until_ended(self) -> None:
        """Wait until nothing is live and every event is published."""
        live = (
            "SELECT (SELECT count(*) FROM pipelines WHERE status IN ('accepted', 'drafted', 'generated',"
            " 'github_pending') OR audit_state = 'pending') + (SELECT count(*) FROM outbox WHERE published_at IS NULL)"
            " AS left, pg_sleep(0.1)"
        )
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            if self.fetch(live)[0]["left"] == 0:
                return
        states = self.fetch("SELECT idem_key, status, audit_state, recoveries, failure_detail FROM pipelines")
        raise AssertionError([tuple(row) for row in states])

    def commits(self, case: Case, pipeline_id: Any) -> int:
        repository = self.repositories[case.repository]
        repository.fsck()
        return repository.commits_with(f"Skills-Pipeline-Id: {pipeline_id}")

    def questions(self, case: Case) -> int:
        """Return how often the model was asked about a case's repository."""
        return sum(case.repository.rpartition("/")[2] in call.wire for call in self.claude.calls())

    def published(self) -> list[str]:
        """Return the ids of the events in the file, as often as they stand there."""
        lines = [
            line
            for file in (self.folder / "events").iterdir()
            if ".lock" not in file.name
            for line in file.read_text().splitlines()
        ]
        return [json.loads(line)["event_id"] for line in lines]


async def _fetched(dsn: str, query: str, values: Sequence[Any]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()


def check_trail(house: House, record: dict[str, Any]) -> None:
    """One audit row and one event per transition, each going on where the one before it ended; usage as promised."""
    rows = house.fetch(
        "SELECT action, before, after FROM audit_logs WHERE pipeline_id = $1 ORDER BY audit_id", record["pipeline_id"]
    )
    assert [row["action"] for row in rows].count("pipeline.claimed") == 1
    assert rows[-1]["after"] == record["status"]
    for earlier, later in pairwise(rows):
        if later["action"] == "pipeline.resumed":
            assert earlier["after"] in {"accepted", "drafted", "failed"}
            continue
        assert later["before"] == earlier["after"], [tuple(row) for row in rows]
        assert Status(later["after"]) in TRANSITIONS[Status(later["before"])]
    promises = sum(row["action"] == "pipeline.promised" for row in rows)
    assert promises == (1 if record["status"] in {"active", "github_failed"} else 0)
    usage = "SELECT count(*) FROM usage_events WHERE pipeline_id = $1 AND kind = 'pipeline'"
    assert house.fetch(usage, record["pipeline_id"])[0][0] == promises
    told = house.fetch("SELECT kind FROM outbox WHERE pipeline_id = $1 ORDER BY outbox_id", record["pipeline_id"])
    wanted = [row["action"] for row in rows if row["action"] in {"pipeline.promised", "pipeline.settled"}]
    assert len(told) == len(wanted)
