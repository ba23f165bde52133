"""The shapes of answers, for the OpenAPI document; the answers themselves are written by pipelines/answers.py."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """Base of every answer: later versions may add members."""

    model_config = ConfigDict(extra="allow")


class SkillUsed(Document):
    """A skill that took part."""

    name: str
    version: str
    digest: str


class Finding(Document):
    """One thing the gate found; ``policy`` and ``violation`` are the specification's keys."""

    policy: str
    violation: str
    rule: str
    severity: str
    file: str
    line: int
    column: int
    path: str = Field(description="JSON pointer into the file.")
    remediation: str
    docs: str
    controls: list[str]
    waivable: bool
    fingerprint: str


class Verdict(Document):
    """What the gate decided, and on which grounds."""

    allow: bool
    profile: str
    details: list[Finding]
    warnings: list[Finding]
    waived: list[Finding]
    controls: dict[str, Any] = Field(description="Criterion (SOC2:CC6.1) -> status and rules.")
    files: list[str]
    rules_evaluated: int
    engine: str
    decision_id: str
    policy_revision: str


class ValidateAnswer(Verdict):
    """200 of POST /validate: a denial is an answer, not an error."""

    trace_id: str


class PlanAnswer(Document):
    """200 of POST /pipelines/plan."""

    artifacts: dict[str, str] = Field(description="Path -> content.")
    skills_used: list[SkillUsed]
    mode: str = Field(description="ai: a model adapted the plan; template: rules did.")
    degraded: bool = Field(description="Templates stand in for a model that was wanted.")
    degraded_reason: str | None
    model: dict[str, Any] | None = Field(description="What was spent on a model: attempts, tokens, cost in USD.")
    changes: dict[str, Any] = Field(description="What the sentence changed about the skills' defaults.")
    repairs: list[dict[str, str]] = Field(
        description="What was mended after the gate had refused it: rule, file, what, why, by."
    )
    target: str
    facts: dict[str, Any] = Field(description="What was found out about the repository, each fact with its source.")
    selection: dict[str, Any]
    assumptions: list[str]
    questions: list[str]
    former_files: list[str] = Field(
        description="Files of an earlier pipeline, which this one does not have: delete those of no use."
    )
    policy: Verdict
    timings: dict[str, float] = Field(description="Stage -> milliseconds.")
    trace_id: str


class PipelineAnswer(PlanAnswer):
    """201 of POST /pipelines/generate, and 200 of a dry run."""

    pipeline_id: str | None
    status: str
    delivery: dict[str, Any]


class PipelineSummary(Document):
    """The record of one pipeline."""

    pipeline_id: str
    status: str


class PipelineList(Document):
    """The organisation's pipelines, newest first."""

    pipelines: list[PipelineSummary]


class ArtifactsAnswer(Document):
    """The files of one pipeline."""

    pipeline_id: str
    artifacts: dict[str, str]
    sha256: dict[str, str]


class AuditEntry(Document):
    """One row of the audit log."""

    audit_id: int
    at: str
    principal_id: str
    pipeline_id: str | None
    action: str
    before: str | None
    after: str | None
    detail: dict[str, Any]
    trace_id: str
    seal_no: int | None = Field(description="Its place in the chain; null for a moment after it was written.")
    hash: str | None


class AuditPage(Document):
    """The organisation's audit log, newest first."""

    audit: list[AuditEntry]
    next: int | None = Field(description="Pass it as `before` for the following page; null on the last.")


class UsageAnswer(Document):
    """What an organisation used, by day (UTC) and kind."""

    days: list[dict[str, Any]] = Field(description="day, kind (pipeline, model), events, tokens, micro_usd.")
    totals: dict[str, dict[str, int]]


class ProblemDocument(Document):
    """RFC 9457, with the specification's ``error`` string and what the caller needs to go on."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    trace_id: str
    retryable: bool
    next: list[str]
