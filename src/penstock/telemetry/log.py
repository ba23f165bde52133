"""The log: one JSON object a line, cleaned, with the trace id of the request it belongs to."""

from __future__ import annotations

import logging
import traceback
from collections.abc import MutableMapping
from typing import Any, BinaryIO

import orjson
import structlog

from penstock.telemetry.cleaning import Cleaner, Redact
from penstock.telemetry.trace import current_trace

_TRACEBACK_LINES = 40


def open_log(stream: BinaryIO, *, level: str, redact: Redact) -> Any:
    """Return a logger that writes lines of at least that level (debug, info, warning, error) to the stream."""
    return structlog.wrap_logger(
        structlog.BytesLogger(_Unfailing(stream)),  # type: ignore[arg-type]  # it writes and flushes: no more is used
        processors=[
            _add_trace,
            _add_exception,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            Cleaner(redact),
            _rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        context_class=dict,
    )


class _Unfailing:
    """A stream whose faults (a closed pipe, a full disk) cost lines, never a request or an orderly end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.dropped = 0

    def write(self, line: bytes) -> None:
        """Write a line, or count it as dropped."""
        try:
            self._stream.write(line)
        except (OSError, ValueError):  # ValueError: the stream is closed
            self.dropped += 1

    def flush(self) -> None:
        """Flush; what the stream still holds after a fault is tried again with the next line."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += 1


def _add_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace = current_trace.get()
    if trace is not None:
        event.setdefault("trace_id", trace.trace_id)
    return event


def _add_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Spell an exception out as a list of lines: a field per line survives the escaping of line ends."""
    problem = event.pop("exception", None)
    if isinstance(problem, BaseException):
        lines = "".join(traceback.format_exception(problem)).splitlines()
        event["exception"] = lines[-_TRACEBACK_LINES:]
    return event


def _rendered(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)
