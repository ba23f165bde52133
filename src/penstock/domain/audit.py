"""The audit log's rows and the chain that seals them: change one, drop one, swap two, and the chain does not close.

Each organisation has a chain of its own. A link is SHA-256 over the row and the link before it, as canonical JSON.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row. ``seal_no`` (1, 2, 3, ... per organisation) and the hashes are None until it is sealed."""

    audit_id: int
    org_id: str
    principal_id: str
    pipeline_id: str | None
    action: str
    before: str | None
    after: str | None
    detail: str
    """JSON, as it is kept: the seal is over its text."""
    trace_id: str
    at: datetime
    seal_no: int | None = None
    previous_hash: bytes | None = None
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of an organisation's chain; number 0 and no hash before the first."""

    org_id: str
    seal_no: int
    hash: bytes
    unsealed: int = 0
    """Rows that wait for their link."""


@dataclass(frozen=True, slots=True)
class Link:
    """What sealing adds to a row."""

    audit_id: int
    seal_no: int
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a look at one organisation's chain found."""

    org_id: str
    rows: int
    """Sealed rows that were looked at, each in its place."""
    unsealed: int
    """Rows that are not sealed yet: nothing can be said of them."""
    exports: int
    """Links in the archive that the chain was compared with."""
    bad_audit_id: int | None = None
    """The first row that is not as it was sealed."""
    problem: str | None = None
    """What is wrong, None when the chain closes."""


def seal_of(row: AuditRow, seal_no: int, previous: bytes) -> bytes:
    """Return the link of a row at this place of the chain, after the link before it."""
    document = {
        "seal_no": seal_no,
        "previous": previous.hex(),
        "audit_id": row.audit_id,
        "org_id": row.org_id,
        "principal_id": row.principal_id,
        "pipeline_id": row.pipeline_id,
        "action": row.action,
        "before": row.before,
        "after": row.after,
        "detail": row.detail,
        "trace_id": row.trace_id,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).digest()
