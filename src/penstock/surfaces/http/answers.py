"""Answers that are no problems: documents with sorted keys, so that a replay is equal byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

import orjson
from starlette.responses import Response

from penstock.domain.pipelines import PipelineResult, Status
from penstock.pipelines.answers import answer
from penstock.pipelines.finishing import Ended

PIPELINES = "/api/v1/pipelines"
_CREATED, _ACCEPTED, _OK = 201, 202, 200
_LOOK_AGAIN_S = "15"
"""Seconds after which a 202 is worth a look: the first further attempt."""
_PROMISED = frozenset({Status.GENERATED.value, Status.GITHUB_PENDING.value})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, document and headers of an answer."""

    status: int
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def response(self, **headers: str) -> Response:
        """Return it ready to be sent, with further headers."""
        return Response(encoded(self.document), self.status, {**self.headers, **headers}, self.media_type)


def encoded(document: Any) -> bytes:
    """Return JSON with sorted keys: what comes back from a jsonb column gives the same bytes."""
    return orjson.dumps(document, default=plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def result_answer(result: PipelineResult) -> Answer:
    """Return 201 for a pipeline, 202 for one promised but not yet delivered, 200 for a dry run, or the replay."""
    headers = {"Location": f"{PIPELINES}/{result.pipeline_id}"} if result.pipeline_id else {}
    if result.unfinished:
        return Answer(_ACCEPTED, result.replayed or {}, {**headers, "Retry-After": _LOOK_AGAIN_S})
    if result.replayed is not None:
        return _replayed(result.replayed, headers)
    if result.pipeline_id is None:
        return Answer(_OK, answer(result))
    status = _ACCEPTED if result.status is Status.GITHUB_PENDING else _CREATED
    if status == _ACCEPTED:
        headers["Retry-After"] = _LOOK_AGAIN_S
    return Answer(status, answer(result), headers)


def ended_answer(ended: Ended) -> Answer:
    """Return 201 for what is delivered, 202 for what waits, 200 for what was called off. Raises its problem."""
    if ended.problem is not None:
        raise ended.problem
    status = {Status.ACTIVE: _CREATED, Status.GITHUB_PENDING: _ACCEPTED}.get(ended.status, _OK)
    return Answer(status, ended.document, {"Location": f"{PIPELINES}/{ended.document['pipeline_id']}"})


def _replayed(stored: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """Return a stored answer again; its state tells whether it is delivered. Stored problems are raised again."""
    status = _ACCEPTED if stored.get("status") in _PROMISED else _CREATED
    return Answer(status, stored, {**headers, "Idempotency-Replayed": "true"})


RECORD_FIELDS = (
    "pipeline_id", "status", "service_name", "intent", "repository", "ref", "mode", "degraded", "skills_used",
    "artifact_digest", "policy_revision", "decision_id", "branch", "commit_sha", "pull_request", "no_changes",
    "audit_state", "attempt_no", "failure_code", "failure_detail", "next_retry_at", "created_at", "updated_at",
    "terminal_at",
)  # fmt: skip
"""What a caller sees of a record: neither its lease, nor the request's key and fingerprint, nor who else asked."""


def record_document(record: Any) -> dict[str, Any]:
    """Return a pipeline's record as its caller sees it."""
    return {name: plain(getattr(record, name)) for name in RECORD_FIELDS if hasattr(record, name)}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: records become mappings, moments RFC 3339."""
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
