"""The pipeline: the command that asks for one, its record, its states, the events on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.domain.artifacts import Artifact
from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.models import ModelUse
from penstock.domain.policy import Decision
from penstock.domain.skills import Selection, SkillUse
from penstock.domain.spec import PipelineSpec

MAX_INTENT = 2_000
"""Characters of the intent; DESIGN.md §1."""


class Status(StrEnum):
    """States of a pipeline's record; BEHAVIOUR.md §2.1."""

    ACCEPTED = "accepted"
    DRAFTED = "drafted"
    GENERATED = "generated"
    ACTIVE = "active"
    GITHUB_PENDING = "github_pending"
    GITHUB_FAILED = "github_failed"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.ACCEPTED: frozenset({Status.DRAFTED, Status.FAILED, Status.REJECTED, Status.GENERATED}),
    Status.DRAFTED: frozenset({Status.GENERATED, Status.REJECTED, Status.FAILED}),
    Status.GENERATED: frozenset({Status.ACTIVE, Status.GITHUB_PENDING, Status.GITHUB_FAILED}),
    Status.GITHUB_PENDING: frozenset({Status.ACTIVE, Status.GITHUB_FAILED, Status.CANCELLED}),
    Status.GITHUB_FAILED: frozenset({Status.GITHUB_PENDING}),
    Status.FAILED: frozenset({Status.ACCEPTED, Status.DRAFTED}),
    Status.ACTIVE: frozenset(),
    Status.REJECTED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""Allowed moves; everything else is a bug. Template mode needs no draft, so accepted may go straight to the verdict."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, after the gateway admitted them. Permission is what ``scopes`` says and nothing else."""

    org_id: str
    principal_id: str
    scopes: frozenset[str]
    key_id: str | None = None


LOCAL_SCOPES = frozenset({"pipelines:generate", "pipelines:read", "pipelines:validate", "pipelines:commit"})
LOCAL_CALLER = Caller("local", "local-user", LOCAL_SCOPES)
"""The person at the command line: the machine's own login is the authentication."""


@dataclass(frozen=True, slots=True)
class Options:
    """The developer's choices; None means: let facts, intent and defaults decide."""

    target: str | None = None
    """cloud-run, gke, none."""
    runtime: str | None = None
    """Language runtime version to use instead of the detected one."""
    project: str | None = None
    region: str | None = None
    cluster: str | None = None
    port: int | None = None
    branch: str | None = None
    """The branch whose pushes are released (default main)."""
    environments: tuple[str, ...] = ()
    """Names in order of promotion; the last, or one named prod/production, is production."""
    public: bool = False
    mode: str = "auto"
    """ai: a model adapts the plan; template: none does; auto: ai where a model is configured."""
    fallback: str = "on_breaker_open"
    """When templates stand in for the model: on_breaker_open, on_any_failure, never."""
    delivery: str = "none"
    """none; files, branch (into the repository on this machine: files, or a commit on a new branch); auto, commit,
    pull_request (to the repository host; auto opens a pull request where the branch is protected)."""
    delivery_branch: str | None = None
    overwrite: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class GeneratePipeline:
    """The command behind POST /pipelines/generate, `penstock generate` and the MCP tool."""

    intent: str
    service_name: str | None
    files: Mapping[str, bytes] | None = None
    """The repository's files as sent by the caller."""
    local_path: str | None = None
    """A folder on this machine; only the command line may set it."""
    subpath: str = "."
    """Folder of the service inside the repository."""
    repository: str | None = None
    ref: str | None = None
    options: Options = field(default_factory=Options)
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class StageEvent:
    """One stage of the walk has started or ended. The same events feed CLI, SSE, console and trace."""

    name: str
    """claim, detect, select, adapt (with an ``attempt`` for each), plan, render, judge, repair, record, deliver, ..."""
    outcome: str
    """started, ok, failed, skipped."""
    ms: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What happened to the files. ``mode`` as in Options.delivery."""

    mode: str
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    """(path, reason): files left alone."""
    branch: str | None = None
    commit_sha: str | None = None
    no_changes: bool = False
    pull_request: str | None = None
    """Address of the pull request, when one was opened or renewed."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was mended after the gate had refused it."""

    rule: str
    file: str
    what: str
    """What was done, in words."""
    by: str
    """fixer, or the model's id."""
    why: str = ""
    """What the gate had said against it, and what it asked for."""


@dataclass(frozen=True)
class Plan:
    """A pipeline before anything happened: what `plan` shows and `generate` goes on with."""

    facts: RepositoryFacts
    selection: Selection
    skills_used: tuple[SkillUse, ...]
    spec: PipelineSpec
    artifacts: tuple[Artifact, ...]
    decision: Decision
    mode: str
    """ai or template."""
    degraded: bool = False
    """Templates stand in for a model that was wanted."""
    degraded_reason: str = ""
    changes: Changes = field(default_factory=Changes)
    """What the sentence changed, by the model or by rules."""
    model: ModelUse | None = None
    """What was spent on a model."""
    repairs: tuple[Repair, ...] = ()

    @property
    def former_files(self) -> tuple[str, ...]:
        """Files that Penstock wrote for an earlier pipeline (of another target, say), which this one does not have."""
        now = {artifact.path for artifact in self.artifacts}
        return tuple(path for path in self.facts.managed_files if path not in now)


@dataclass(frozen=True)
class PipelineResult:
    """What the caller gets back: what was made now, or the stored answer to the same request."""

    pipeline_id: str | None
    status: Status
    made: Plan | None
    """None in a replay, which has only its document."""
    delivery: Delivery
    timings: Mapping[str, float]
    """Stage name -> milliseconds."""
    trace_id: str = ""
    replayed: Mapping[str, Any] | None = None
    """The stored answer, when an idempotent request is answered again."""
    unfinished: bool = False
    """Promised, and not waited for any longer: the system finishes it."""

    @classmethod
    def replay(cls, pipeline_id: str, stored: Mapping[str, Any], trace_id: str) -> PipelineResult:
        """Return the stored answer of a pipeline again."""
        return cls(pipeline_id, Status(stored["status"]), None, Delivery("none"), {}, trace_id, stored)

    @classmethod
    def promised(cls, pipeline_id: str, trace_id: str) -> PipelineResult:
        """Return the answer to a request that ends before its promise is kept."""
        stored = {"pipeline_id": pipeline_id, "status": Status.GENERATED.value, "trace_id": trace_id}
        return cls(pipeline_id, Status.GENERATED, None, Delivery("none"), {}, trace_id, stored, unfinished=True)

    @property
    def plan(self) -> Plan:
        """The plan behind a new pipeline. Raises RuntimeError in a replay."""
        if self.made is None:
            message = "A replay has its document and no plan."
            raise RuntimeError(message)
        return self.made
