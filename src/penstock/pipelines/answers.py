"""Answers as documents: what HTTP sends, what the command line prints with --json, what is replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.domain.artifacts import Artifact
from penstock.domain.facts import Fact, RepositoryFacts, ServiceFacts
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Delivery, PipelineResult, Plan, Status
from penstock.domain.policy import Decision, Violation
from penstock.domain.skills import Candidate
from penstock.policy.secrets import redact_quoted


def answer(result: PipelineResult) -> dict[str, Any]:
    """Return the whole answer. ``pipeline_id``, ``artifacts`` and ``skills_used`` are the specification's keys."""
    return finished(
        promised_answer(result.plan),
        pipeline_id=result.pipeline_id,
        status=result.status,
        artifacts=result.plan.artifacts,
        delivery=result.delivery,
        timings=result.timings,
        trace_id=result.trace_id,
    )


def promised_answer(plan: Plan) -> dict[str, Any]:
    """Return what is told of a plan beside its files: kept with the promise, for whoever finishes it."""
    document = plan_document(plan)
    del document["artifacts"]
    return document


def finished(
    promised: Mapping[str, Any],
    *,
    pipeline_id: str | None,
    status: Status,
    artifacts: Sequence[Artifact],
    delivery: Delivery,
    timings: Mapping[str, float],
    trace_id: str,
) -> dict[str, Any]:
    """Return the whole answer of a promise, as it stands now."""
    return {
        "pipeline_id": pipeline_id,
        "status": status.value,
        "artifacts": {artifact.path: artifact.text for artifact in artifacts},
        **promised,
        "delivery": delivery_document(delivery),
        "timings": dict(timings),
        "trace_id": trace_id,
    }


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """Return what happened to the files."""
    return {
        "mode": delivery.mode,
        "written": list(delivery.written),
        "unchanged": list(delivery.unchanged),
        "skipped": [{"path": path, "reason": reason} for path, reason in delivery.skipped],
        "branch": delivery.branch,
        "commit_sha": delivery.commit_sha,
        "no_changes": delivery.no_changes,
        "pull_request": delivery.pull_request,
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return what a plan says: files, skills with reasons, assumptions, verdict."""
    return {
        "artifacts": {artifact.path: artifact.text for artifact in plan.artifacts},
        "skills_used": [{"name": use.name, "version": use.version, "digest": use.digest} for use in plan.skills_used],
        "mode": plan.mode,
        "degraded": plan.degraded,
        "degraded_reason": plan.degraded_reason or None,
        "model": None if plan.model is None else model_document(plan.model),
        "changes": _masked(plan.changes.model_dump(mode="json", exclude_defaults=True)),
        "repairs": [
            {"rule": each.rule, "file": each.file, "what": each.what, "why": each.why, "by": each.by}
            for each in plan.repairs
        ],
        "target": plan.spec.target,
        "selection": {
            "chosen": [_candidate(each) for each in plan.selection.chosen],
            "runners_up": [_candidate(each) for each in plan.selection.runners_up],
        },
        "facts": facts_document(plan.facts),
        "assumptions": [assumption.text for assumption in plan.spec.assumptions],
        "questions": list(plan.spec.questions),
        "former_files": list(plan.former_files),
        "policy": decision_document(plan.decision),
    }


def model_document(use: ModelUse) -> dict[str, Any]:
    """Return what a pipeline owes to a model: attempts, tokens, cost."""
    used = use.usage
    return {
        "name": use.model,
        "attempts": [{"model": each.model, "outcome": each.outcome, "ms": each.ms} for each in use.attempts],
        "input_tokens": used.input_tokens,
        "output_tokens": used.output_tokens,
        "cache_read_tokens": used.cache_read_tokens,
        "cache_write_tokens": used.cache_write_tokens,
        "cost_usd": use.micro_usd / 1_000_000,
        "reasked": use.reasked,
        "from_draft": use.from_draft,
    }


def decision_document(decision: Decision) -> dict[str, Any]:
    """Return a verdict in the words of the specification's 422 body (POLICY.md §2.3)."""
    return {
        "allow": decision.allow,
        "profile": decision.profile.value,
        "details": [violation_document(each) for each in decision.violations],
        "warnings": [violation_document(each) for each in decision.warnings],
        "waived": [violation_document(each) for each in decision.waived],
        "controls": decision.controls,
        "files": list(decision.files),
        "skipped": [{"path": path, "reason": reason} for path, reason in decision.skipped],
        "rules_evaluated": decision.rules_evaluated,
        "engine": decision.engine,
        "decision_id": decision.decision_id,
        "policy_revision": decision.policy_revision,
    }


def violation_document(violation: Violation) -> dict[str, Any]:
    """Return one finding; ``policy`` and ``violation`` are the specification's keys."""
    return {
        "policy": violation.policy,
        "violation": violation.message,
        "rule": violation.rule,
        "severity": violation.severity,
        "file": violation.file,
        "line": violation.line,
        "column": violation.column,
        "path": violation.pointer,
        "remediation": violation.remediation,
        "docs": violation.docs,
        "controls": list(violation.controls),
        "waivable": violation.waivable,
        "fingerprint": violation.fingerprint,
    }


def facts_document(facts: RepositoryFacts) -> dict[str, Any]:
    """Return the facts, each with its source."""
    return {
        "name": facts.name,
        "name_from": facts.name_from,
        "default_branch": _fact(facts.default_branch),
        "deployable": facts.deployable,
        "monorepo": facts.monorepo,
        "primary": facts.primary.path if facts.primary else None,
        "services": [service_document(service) for service in (facts.services or _only(facts.primary))],
        "dockerfiles": list(facts.dockerfiles),
        "ci_files": [{"path": file.path, "kind": file.kind} for file in facts.ci_files],
        "managed_files": list(facts.managed_files),
        "reasons": list(facts.reasons),
        "file_count": facts.file_count,
        "truncated": facts.truncated,
    }


def service_document(service: ServiceFacts) -> dict[str, Any]:
    """Return one service's facts: value, source, basis for each."""
    document: dict[str, Any] = {
        "path": service.path,
        "name": service.name,
        "kind": service.kind,
        "ecosystem": service.ecosystem,
        "runtime_kind": service.runtime_kind,
        "package_manager_version": service.package_manager_version,
        "port_env": service.port_env,
    }
    for field in FACT_FIELDS:
        document[field] = _fact(getattr(service, field))
    document["env"] = [{"name": each.name, "secret": each.secret, "source": str(each.source)} for each in service.env]
    document["tasks"] = [
        {"name": each.name, "command": each.command, "source": str(each.source)} for each in service.tasks
    ]
    document["traits"] = [_fact(trait) for trait in service.traits]
    document["gaps"] = [
        {"field": gap.field, "reason": gap.reason, "source": str(gap.source) if gap.source else None}
        for gap in service.gaps
    ]
    return document


FACT_FIELDS = (
    "language", "runtime_version", "package_manager", "lockfile", "framework", "install_command", "build_command",
    "lint_command", "test_command", "start_command", "start_program", "output_dir", "port", "health_path", "dockerfile",
)  # fmt: skip
"""The fields of ServiceFacts that carry a source, in the order people read them."""


def _fact(fact: Fact[Any] | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    return {"value": fact.value, "source": str(fact.source), "basis": fact.basis.value}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.skill.name,
        "version": candidate.skill.version,
        "score": candidate.score,
        "reasons": list(candidate.reasons),
    }


def _masked(value: Any, name: str = "") -> Any:
    """Return data without secrets: a model may have written one where the gate took it out of the files."""
    if isinstance(value, str):
        return redact_quoted(f"{name}={value}").partition("=")[2] if name else redact_quoted(value)
    if isinstance(value, dict):
        named = str(value.get("name") or "")
        return {key: _masked(each, named if key == "value" else str(key)) for key, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list) else value


def _only(primary: ServiceFacts | None) -> tuple[ServiceFacts, ...]:
    return (primary,) if primary else ()
