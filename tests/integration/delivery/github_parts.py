"""What tests of GitHub deliveries are made of: times a fiftieth of the real ones, plans that last, an order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fakes.github_process import AppCredentials, SimulatedGitHub

from penstock.delivery.decide import LOCK_FILE
from penstock.delivery.github import Access, GitHub, Manner
from penstock.delivery.github_client import Waits
from penstock.delivery.github_gate import Pace
from penstock.delivery.github_transport import Times
from penstock.delivery.hosting import Delivered, Wanted, deliver_to_host
from penstock.delivery.ports import PullRequestText, RepositoryName
from penstock.domain.artifacts import Artifact
from penstock.kit.clock import SystemClock
from penstock.telemetry.service import Telemetry

NAME = RepositoryName("acme", "shop")
PIPELINE = "0198c0de-0000-7000-8000-000000000001"
TRAILER = f"Skills-Pipeline-Id: {PIPELINE}"
QUICK = Manner(
    times=Times(read_s=1.5, write_s=1.5),
    waits=Waits(read_s=(0.01,), change_s=(0.01, 0.02, 0.03)),
    pace=Pace(pause_s=0),
    recheck_s=(0.02, 0.04, 0.06),
)
TEXT = PullRequestText("Add CI/CD pipeline for shop", "What it is.\n")


class LostLease(Exception):
    """The lease is somebody else's."""


@dataclass
class KeptPlans:
    """Plans that outlive attempts, as the database keeps them; ``fenced`` makes the next save fail."""

    saved: list[tuple[str, str, str, str]] = field(default_factory=list)
    fenced: bool = False

    async def known(self) -> Sequence[str]:
        return [plan[1] for plan in self.saved]

    async def save(self, base_sha: str, commit_sha: str, repo: str, branch: str) -> None:
        if self.fenced:
            raise LostLease
        self.saved.append((base_sha, commit_sha, repo, branch))


def pipeline(files: dict[str, str] | None = None, *, executable: str = "run.sh") -> tuple[Artifact, ...]:
    """Build artifacts with their lock file, as rendering makes them."""
    contents = files or {"Dockerfile": "FROM scratch\n", "deploy/shop/run.yaml": "a: 1\n", "run.sh": "true\n"}
    listed = {path: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for path, text in contents.items()}
    lock = Artifact(LOCK_FILE, json.dumps({"files": listed}).encode())
    artifacts = (Artifact(path, text.encode(), executable=path == executable) for path, text in contents.items())
    return (*artifacts, lock)


def wanted(mode: str = "auto", **changes: Any) -> Wanted:
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    order = Wanted(NAME, mode, "shop", pipeline(), PIPELINE, made, TEXT, skills=("gcp-python@1.0.0",))
    return replace(order, **changes)


@dataclass
class Delivering:
    """One Penstock before the simulated GitHub, with plans that outlive its attempts."""

    host: GitHub
    plans: KeptPlans

    async def __call__(self, mode: str = "auto", **changes: Any) -> Delivered:
        return await deliver_to_host(self.host, wanted(mode, **changes), self.plans)


@asynccontextmanager
async def delivering(
    github: SimulatedGitHub,
    app: AppCredentials | None = None,
    *,
    token: str | None = None,
    base_url: str = "",
    manner: Manner = QUICK,
    plans: KeptPlans | None = None,
) -> AsyncIterator[Delivering]:
    """Open a host: for an App (by default one that is installed on acme), or with a token."""
    if app is None and token is None:
        app = github.app(on="acme")
    access = Access(app_id=str(app.id), private_key=app.private_key) if app else Access(token=token)
    host = GitHub(access, SystemClock(), Telemetry(), base_url=base_url or github.url, manner=manner)
    try:
        yield Delivering(host, KeptPlans() if plans is None else plans)
    finally:
        await host.close()
