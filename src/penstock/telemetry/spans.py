"""Spans: one JSON line each, written in batches by a thread of their own. Imported only when a spans file is set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from penstock.domain.pipelines import StageEvent
from penstock.telemetry.cleaning import Cleaner, Redact
from penstock.telemetry.trace import RequestTrace, current_trace


class SpanLog:
    """Makes a span per request and, below it, one per stage."""

    def __init__(self, file: Path, *, redact: Redact, version: str) -> None:
        self._provider = TracerProvider(
            resource=Resource({"service.name": "penstock", "service.version": version}),
            id_generator=_TraceIds(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(JsonLines(file, Cleaner(redact))))
        self._tracer = self._provider.get_tracer("penstock")

    def begin(self, trace: RequestTrace, name: str) -> None:
        """Open the request's span, below the caller's when it named one."""
        trace.span = self._tracer.start_span(name, context=_parent(trace))

    def end(self, trace: RequestTrace, name: str, fields: dict[str, Any], *, failed: bool) -> None:
        """Close the request's span; its name is only known once the route is."""
        if trace.span is None:
            return
        trace.span.update_name(name)
        trace.span.set_attributes({key: value for key, value in fields.items() if isinstance(value, str | int | float)})
        trace.span.set_status(otel.StatusCode.ERROR if failed else otel.StatusCode.OK)
        trace.span.end()

    def stage(self, event: StageEvent) -> None:
        """Write the span of a stage that has ended: its event knows how long it took."""
        if event.outcome in {"started", "skipped"}:
            return
        trace = current_trace.get()
        context = otel.set_span_in_context(trace.span) if trace and trace.span else None
        now = time.time_ns()
        span = self._tracer.start_span(f"stage {event.name}", context=context, start_time=now - int(event.ms * 1e6))
        span.set_attribute("detail", event.detail)
        span.set_status(otel.StatusCode.OK if event.outcome == "ok" else otel.StatusCode.ERROR)
        span.end(now)

    def close(self) -> None:
        """Write what is left."""
        self._provider.shutdown()


class JsonLines(SpanExporter):
    """Appends each span as one JSON line to a file."""

    def __init__(self, file: Path, cleaner: Cleaner) -> None:
        self._stream = file.open("ab")
        self._cleaner = cleaner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write a batch; an unwritable file loses spans, never a request."""
        try:
            self._stream.write(b"".join(self._line(span) for span in spans))
            self._stream.flush()
        except (OSError, ValueError):
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        self._stream.close()

    def _line(self, span: ReadableSpan) -> bytes:
        context, start, end = span.get_span_context(), span.start_time or 0, span.end_time or 0
        document = {
            "name": span.name,
            "trace_id": f"{context.trace_id:032x}" if context else None,
            "span_id": f"{context.span_id:016x}" if context else None,
            "parent_span_id": f"{span.parent.span_id:016x}" if span.parent else None,
            "start_unix_ns": start,
            "ms": round((end - start) / 1e6, 3),
            "status": span.status.status_code.name.lower(),
            "attributes": dict(span.attributes or {}),
        }
        return orjson.dumps(self._cleaner.value(document)) + b"\n"


class _TraceIds(RandomIdGenerator):
    """Spans of a request carry the trace id its answer and its log lines show."""

    def generate_trace_id(self) -> int:
        trace = current_trace.get()
        return int(trace.trace_id, 16) if trace else super().generate_trace_id()


def _parent(trace: RequestTrace) -> Any:
    if trace.parent_span_id is None:
        return None
    remote = otel.SpanContext(
        int(trace.trace_id, 16), int(trace.parent_span_id, 16), is_remote=True, trace_flags=otel.TraceFlags(1)
    )
    return otel.set_span_in_context(otel.NonRecordingSpan(remote))
