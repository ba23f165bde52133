"""Telemetry as the rooms see it: tell it what happened; where that goes is decided when it is opened."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from penstock.domain.events import Backlog, UsageDay
from penstock.domain.models import ModelAttempt, ModelUse
from penstock.domain.pipelines import StageEvent
from penstock.telemetry.trace import RequestTrace, current_trace

if TYPE_CHECKING:
    from penstock.telemetry.cleaning import Redact
    from penstock.telemetry.metrics import Metrics
    from penstock.telemetry.spans import SpanLog


class Telemetry:
    """Log, metrics and spans behind one door. Without arguments it is silent and costs next to nothing (the CLI)."""

    def __init__(self, *, logger: Any = None, metrics: Metrics | None = None, spans: SpanLog | None = None) -> None:
        self._logger = logger
        self.metrics = metrics
        self._spans = spans

    def log(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """Log an event, named ``component.verb_past``. ``exception=problem`` adds the traceback."""
        if self._logger is not None:
            getattr(self._logger, level)(event, **fields)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a piece of work outside of the pipeline's walk as a stage."""
        begun = time.perf_counter()
        try:
            yield
        except BaseException:
            self.observe_stage(StageEvent(name, "failed", _ms(begun)))
            raise
        self.observe_stage(StageEvent(name, "ok", _ms(begun)))

    def observe_stage(self, event: StageEvent) -> None:
        """Count a stage that has ended: the canonical line, the histogram and the span come from here."""
        if event.outcome == "started":
            return
        trace = current_trace.get()
        if trace is not None and event.outcome != "skipped":
            trace.stages[event.name] = round(trace.stages.get(event.name, 0.0) + event.ms, 3)
        if self.metrics is not None:
            self.metrics.stage(event)
        if self._spans is not None:
            self._spans.stage(event)

    def observe_skills_load(self, ms: float) -> None:
        """Count how long listing and loading the skills of a request took, in milliseconds."""
        if self.metrics is not None:
            self.metrics.skills_load(ms)

    def count_policy_failure(self, rule: str) -> None:
        """Count one violation that denied."""
        if self.metrics is not None:
            self.metrics.policy_failure(rule)

    def count_validation(self, *, allowed: bool) -> None:
        """Count one verdict of the gate."""
        if self.metrics is not None:
            self.metrics.validation(allowed=allowed)

    def count_generation(self, ms: float, *, path: str) -> None:
        """Count one pipeline made, in milliseconds; ``path`` is happy, retried or degraded (BEHAVIOUR.md C37)."""
        if self.metrics is not None:
            self.metrics.generation(ms, path=path)

    def count_cache(self, cache: str, *, hit: bool) -> None:
        """Count one look into a cache (``skills_metadata``, ``keys``, ...)."""
        if self.metrics is not None:
            self.metrics.cache(cache, hit=hit)

    def count(self, what: str) -> None:
        """Count a rare happening by name: ``client_gone``, ``shed``, ``auth_failures``, ``limiter_errors``, ..."""
        if self.metrics is not None:
            self.metrics.happening(what)

    def set_limiter_mode(self, mode: str) -> None:
        """Say where rate limits are counted: ``shared`` (Redis) or ``local`` (this process, while Redis is away)."""
        if self.metrics is not None:
            self.metrics.limiter_mode(mode)

    def set_breaker_state(self, model: str, state: int, now: datetime) -> None:
        """Show the state of a model's circuit breaker: 0 closed, 1 open, 2 half-open."""
        if self.metrics is not None:
            self.metrics.breaker.state(model, state, now)

    def set_breaker_source(self, source: str) -> None:
        """Say where the breaker is decided: ``shared`` (Redis) or ``local`` (this process, while Redis is away)."""
        if self.metrics is not None:
            self.metrics.breaker.source(source)

    def count_breaker_decision(self, decision: str) -> None:
        """Count a breaker's answer: ``allow``, ``deny`` or ``probe``."""
        if self.metrics is not None:
            self.metrics.breaker.decision(decision)

    def count_breaker_transition(self, before: int, after: int) -> None:
        """Count a breaker's change of state, both numbered as in ``set_breaker_state``."""
        if self.metrics is not None:
            self.metrics.breaker.transition(before, after)

    def count_late_result(self) -> None:
        """Count a result that a breaker ignored because it came too late."""
        if self.metrics is not None:
            self.metrics.breaker.late_results.inc()

    def count_expired_probe(self) -> None:
        """Count a breaker's probe that was given up because it said nothing."""
        if self.metrics is not None:
            self.metrics.breaker.expired_probes.inc()

    def observe_model_attempt(self, attempt: ModelAttempt) -> None:
        """Count one attempt on a model; its span comes from its stage event."""
        if self.metrics is not None:
            self.metrics.model.attempt(attempt)

    def observe_model_use(self, org: str, use: ModelUse) -> None:
        """Count what one request spent on models, for its organisation and in its canonical line."""
        used = use.usage
        tokens = used.input_tokens + used.output_tokens + used.cache_read_tokens + used.cache_write_tokens
        if self.metrics is not None:
            self.metrics.model.spent(org, use.micro_usd, tokens)
        trace = current_trace.get()
        if trace is not None:
            trace.fields.update(
                model=use.model, model_attempts=len(use.attempts), model_tokens=tokens, model_micro_usd=use.micro_usd
            )

    def count_unusable(self, reason: str) -> None:
        """Count an answer of a model that could not be used: ``cut``, ``unreadable``, ``impossible``."""
        if self.metrics is not None:
            self.metrics.model.unusable(reason)

    def count_degraded(self, reason: str) -> None:
        """Count a pipeline made of templates although a model was wanted."""
        if self.metrics is not None:
            self.metrics.model.degraded(reason)

    def set_live_promises(self, count: int, oldest_s: float) -> None:
        """Show how many promises wait, and how long the oldest has: independent of whoever rescues them."""
        if self.metrics is not None:
            self.metrics.live_promises(count, oldest_s)

    def set_backlog(self, backlog: Backlog) -> None:
        """Show how much of the record's own paperwork waits."""
        if self.metrics is not None:
            self.metrics.record.backlog(backlog)

    def count_published(self, number: int) -> None:
        """Count events that their receiver has."""
        if self.metrics is not None:
            self.metrics.record.published.inc(number)

    def count_sealed(self, number: int) -> None:
        """Count audit rows that were sealed."""
        if self.metrics is not None:
            self.metrics.record.sealed.inc(number)

    def count_usage(self, counted: UsageDay) -> None:
        """Count usage that was just rolled up, of one kind."""
        if self.metrics is not None:
            self.metrics.record.usage(counted)

    def request_begun(self, trace: RequestTrace) -> None:
        """Open the request's span; the trace is the current one from here on."""
        if self._spans is not None:
            self._spans.begin(trace, "request")

    def request_ended(self, trace: RequestTrace, *, method: str, route: str, status: int, ms: float) -> None:
        """Write the canonical line, count the request and close its span. Probes and scrapes log only on debug."""
        if self.metrics is not None:
            self.metrics.request(method, route, status, ms, error=trace.fields.get("error"))
        fields = {"method": method, "route": route, "status": status, "ms": round(ms, 3), **trace.fields}
        if trace.stages:
            fields["stages"] = trace.stages
        level = "debug" if route in _QUIET and status < _SERVER_ERROR else "info"
        self.log("http.request_finished", level=level, trace_id=trace.trace_id, **fields)
        if self._spans is not None:
            self._spans.end(trace, f"{method} {route}", fields, failed=status >= _SERVER_ERROR)

    def close(self) -> None:
        """Write what is left."""
        if self._spans is not None:
            self._spans.close()


_SERVER_ERROR = 500
_QUIET = frozenset({"/healthz/live", "/healthz/ready", "/healthz/startup", "/metrics"})


def open_telemetry(
    *,
    redact: Redact,
    version: str,
    log_level: str = "info",
    spans_file: Path | None = None,
    stream: BinaryIO | None = None,
) -> Telemetry:
    """Open the server's telemetry: JSON log on ``stream`` (default stderr), metrics, spans when a file is named.

    Raises OSError when the spans file cannot be opened.
    """
    from penstock.telemetry.log import open_log
    from penstock.telemetry.metrics import Metrics

    spans = None
    if spans_file is not None:
        from penstock.telemetry.spans import SpanLog

        spans = SpanLog(spans_file, redact=redact, version=version)
    logger = open_log(stream or sys.stderr.buffer, level=log_level, redact=redact)
    return Telemetry(logger=logger, metrics=Metrics(version=version), spans=spans)


def _ms(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 3)
