"""The trace of one request: its ids, and what the stages on its way add for the canonical line."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

_TRACEPARENT = re.compile(
    r"\A(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?\Z"
)

_MAX_HEADER = 256


@dataclass(slots=True)
class RequestTrace:
    """One request on its way. Mutable on purpose: the door opens it, stages and rooms add to it, the door logs it."""

    trace_id: str
    """32 hex digits (W3C Trace Context)."""
    parent_span_id: str | None = None
    """The caller's span, from an incoming traceparent."""
    stages: dict[str, float] = field(default_factory=dict)
    """Stage name -> milliseconds."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Further fields of the canonical line: org, principal, pipeline_id, error."""
    promised: str | None = None
    """The pipeline that this request has been promised: whatever becomes of the request, it is finished."""
    ended_as: int | None = None
    """The status in which the work ended, when the answer's own was sent before (a stream of events)."""
    span: Any = None
    """The open span of the request, when spans are written."""


current_trace: ContextVar[RequestTrace | None] = ContextVar("current_trace", default=None)
"""The trace of the request being worked on; None outside of requests."""


def open_trace(traceparent: str | None = None) -> RequestTrace:
    """Return a trace that continues a valid ``traceparent`` (W3C Trace Context §3.2), or else begins a new one."""
    match = _TRACEPARENT.match(traceparent) if traceparent and len(traceparent) <= _MAX_HEADER else None
    if match is None or _invalid(match):
        return RequestTrace(secrets.token_hex(16))
    return RequestTrace(match["trace"], match["span"])


def _invalid(match: re.Match[str]) -> bool:
    """Version ff is forbidden, version 00 has no fifth part, all-zero ids mean nothing."""
    if match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return True
    return not match["trace"].strip("0") or not match["span"].strip("0")
