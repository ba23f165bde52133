"""Between rows and records: what PostgreSQL takes, and what comes back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from penstock.database.ports import Claim, PipelineRecord
from penstock.domain.artifacts import Artifact
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Status

if TYPE_CHECKING:
    import asyncpg


def clean(text: str | None) -> str | None:
    """Return text PostgreSQL takes: a NUL or half a surrogate pair, which it refuses, becomes U+FFFD."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def json_text(document: Any) -> str:
    """Return a document as JSON text for a json column."""
    try:
        return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a surrogate pair, as in names of files that are no UTF-8: kept as an escape
        return json.dumps(document, default=str)


def document_of(text: str | None) -> Any:
    """Return what a json column holds."""
    return None if text is None else orjson.loads(text) if "\\ud" not in text else json.loads(text)


def claim_of(row: asyncpg.Record, owner: str) -> Claim:
    """Return the claim on a record just made or taken over."""
    return Claim(
        pipeline_id=str(row["pipeline_id"]),
        status=Status(row["status"]),
        epoch=row["lease_epoch"],
        version=row["version"],
        attempt_no=row["attempt_no"],
        draft=document_of(row.get("draft")),
        lease_owner=owner,
    )


def settled_claim(row: asyncpg.Record) -> Claim:
    """Return the claim on a record that was answered, or promised, before."""
    return Claim(
        pipeline_id=str(row["pipeline_id"]),
        status=Status(row["status"]),
        epoch=row["lease_epoch"],
        version=row["version"],
        attempt_no=row["attempt_no"],
        settled=True,
        replay=document_of(row["response_body"]),
        decision=document_of(row["decision"]),
    )


def record_of(row: asyncpg.Record) -> PipelineRecord:
    """Return a record as its organisation may see it."""
    values: Mapping[str, Any] = dict(row)
    return PipelineRecord(
        **{name: value for name, value in values.items() if name not in _RENAMED},
        pipeline_id=str(row["pipeline_id"]),
        status=Status(row["status"]),
        skills_used=document_of(row["skills_used"]),
        repository=row["repo"],
    )


_RENAMED = frozenset({"pipeline_id", "status", "skills_used", "repo"})


def artifact_of(row: asyncpg.Record) -> Artifact:
    """Return one file."""
    return Artifact(row["path"], row["content"], executable=row["executable"])


def known_id(text: str) -> uuid.UUID | None:
    """Return a pipeline's id, None for text that is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def usage_of(use: ModelUse) -> list[dict[str, Any]]:
    """Return what each attempt on a model cost, as usage events take it."""
    found = []
    for attempt in use.attempts:
        used = attempt.usage
        tokens = used.input_tokens + used.output_tokens + used.cache_read_tokens + used.cache_write_tokens
        detail = {
            "model": attempt.model,
            "outcome": attempt.outcome,
            "ms": attempt.ms,
            "input": used.input_tokens,
            "output": used.output_tokens,
            "cache_read": used.cache_read_tokens,
            "cache_write": used.cache_write_tokens,
            "micro_usd": attempt.micro_usd,
            "request_id": attempt.request_id,
        }
        found.append({"tokens": tokens, "detail": detail})
    return found
