"""Asked twice, answered once: what a request is recognised by, and how its answer is kept (BEHAVIOUR.md §2.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, NoReturn

from penstock.database.ports import Claim, ClaimRequest
from penstock.domain.pipelines import Caller, GeneratePipeline, PipelineResult
from penstock.domain.policy import Decision, Profile, Violation
from penstock.errors import PenstockError, PolicyViolations
from penstock.kit.ids import uuid7
from penstock.policy.secrets import redact_said


def claim_request(caller: Caller, command: GeneratePipeline, trace_id: str) -> ClaimRequest:
    """Return what the record is claimed with; a request without a key gets one nobody else has.

    What is kept, and shown to every reader of the organisation, is masked; the fingerprint is of what was really asked.
    """
    asked = _asked(command)
    return ClaimRequest(
        org_id=caller.org_id,
        principal_id=caller.principal_id,
        idem_key=command.idempotency_key or uuid7().hex,
        fingerprint=hashlib.sha256(json.dumps(asked, sort_keys=True, default=list).encode()).hexdigest(),
        request=_masked(asked),
        intent=redact_said(command.intent),
        service_name=command.service_name,
        repo=command.repository,
        ref=command.ref,
        trace_id=trace_id,
    )


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return redact_said(value)
    if isinstance(value, Mapping):
        return {key: _masked(each) for key, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list | tuple) else value


def _asked(command: GeneratePipeline) -> dict[str, Any]:
    """Return everything that was asked but the key, files by their hashes: equal for equal requests."""
    asked = asdict(command)
    asked.pop("idempotency_key")
    if command.files is not None:
        asked["files"] = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(command.files.items())}
    return asked


def answered_before(claim: Claim, trace_id: str) -> PipelineResult:
    """Return the stored answer. Raises the stored problem; one promised and not answered yet is told by its state."""
    stored = claim.replay
    if stored is None:
        stored = {"pipeline_id": claim.pipeline_id, "status": claim.status.value}
    elif "problem" in stored:
        _raise_again(stored, claim.decision)
    return PipelineResult.replay(claim.pipeline_id, stored, trace_id)


def remembered(problem: PenstockError, trace_id: str) -> dict[str, Any]:
    """Return a problem as it is stored; a verdict is stored beside it (``decision_memory``)."""
    return {
        "problem": problem.slug,
        "message": problem.message,
        "next": list(problem.steps),
        "extra": problem.extra,
        "trace_id": trace_id,
    }


def decision_memory(decision: Decision) -> dict[str, Any]:
    """Return a verdict as it is stored."""
    return asdict(decision)


def _raise_again(stored: Mapping[str, Any], decision: Mapping[str, Any] | None) -> NoReturn:
    kind = next((each for each in _kinds(PenstockError) if each.slug == stored["problem"]), PenstockError)
    details: dict[str, Any] = {"next_steps": tuple(stored["next"]), **stored["extra"]}
    if issubclass(kind, PolicyViolations):
        details["decision"] = _decision(decision or {})
    problem = kind(stored["message"], **details)
    problem.replay_of = stored["trace_id"]
    raise problem


def _kinds(kind: type[PenstockError]) -> Iterator[type[PenstockError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


def _decision(stored: Mapping[str, Any]) -> Decision:
    found = {kind: tuple(_violation(each) for each in stored[kind]) for kind in ("violations", "warnings", "waived")}
    again = {
        **found,
        "profile": Profile(stored["profile"]),
        "files": tuple(stored["files"]),
        "skipped": tuple((path, reason) for path, reason in stored["skipped"]),
    }
    return Decision(**{**stored, **again})


def _violation(stored: Mapping[str, Any]) -> Violation:
    return Violation(**{**stored, "controls": tuple(stored["controls"])})
