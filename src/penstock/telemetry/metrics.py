"""Metrics for Prometheus, under the specification's names; label children are looked up once and kept."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric

from penstock.domain.pipelines import StageEvent
from penstock.telemetry.breaker_metrics import BreakerMetrics
from penstock.telemetry.model_metrics import ModelMetrics
from penstock.telemetry.record_metrics import RecordMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 40, 45, 60)
"""Edges at every bound the alerts compare with (BEHAVIOUR.md C37, §7): no interpolation there."""
_STAGE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_LOAD_MS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000, 2000, 5000)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HAPPENINGS = (
    "client_gone", "shed", "auth_failures", "limiter_errors", "breaker_errors", "request_timeouts", "events_refused",
    "audit_denials_lost", "audit_chain_conflicts", "audit_export_failures", "duty_failures",
)  # fmt: skip
_MODES = ("shared", "local")


class Metrics:
    """All metrics of one process, in a registry of its own so that two servers in one process do not mix."""

    def __init__(self, *, version: str) -> None:
        self.registry = CollectorRegistry()
        self._children: dict[tuple[Any, ...], Any] = {}
        self._hits = self._misses = 0
        self._requests = self._counter("http_requests", "Requests answered.", ("method", "route", "status"))
        self._errors = self._counter("http_request_errors", "Problems answered, by slug.", ("route", "error"))
        self._latency = self._histogram("http_request_duration_seconds", "Time to answer.", _REQUEST_S, ("route",))
        self._generation = self._histogram(
            "pipeline_generation_duration_seconds", "Time to a pipeline.", _REQUEST_S, ("path",)
        )
        self._stages = self._histogram(
            "pipeline_stage_duration_seconds", "Time of one stage.", _STAGE_S, ("stage", "outcome")
        )
        self._load_ms = self._histogram("skills_load_time_ms", "Time to load skills (ms).", _LOAD_MS, ())
        self._load_s = self._histogram(
            "skills_load_duration_seconds", "Time to load skills.", [ms / 1000 for ms in _LOAD_MS], ()
        )
        self._failures = self._counter("policy_validation_failures", "Violations that denied.", ("rule",))
        self._validations = self._counter("policy_validations", "Verdicts of the gate.", ("outcome",))
        self._cache_hits = self._counter("cache_hits", "Cache lookups that found it.", ("cache",))
        self._cache_misses = self._counter("cache_misses", "Cache lookups that did not.", ("cache",))
        self._happenings = self._counter("penstock_happenings", "Rare happenings, by name.", ("what",))
        self._limiter = self._gauge("limiter_mode", "1 where rate limits are counted now.", ("mode",))
        self.breaker = BreakerMetrics(self.registry)
        self.model = ModelMetrics(self.registry)
        self.record = RecordMetrics(self.registry)
        self._live = self._gauge("promises_live", "Promised pipelines that have not ended.", ())
        self._oldest = self._gauge("oldest_live_age_seconds", "Age of the oldest of them.", ())
        self.in_flight = self._gauge("http_requests_in_flight", "Requests being answered.", ())
        self.generating = self._gauge("generations_in_flight", "Generations being worked on.", ())
        self.waiting = self._gauge("generations_waiting", "Generations waiting for a place.", ())
        self._start(version)

    def _start(self, version: str) -> None:
        """Show every series that alerts look at from the first scrape on."""
        rate = self._gauge("cache_hit_rate", "Share of cache lookups that found it; NaN before the first.", ())
        rate.set_function(self._hit_rate)
        info = self._gauge("penstock_build_info", "What is running.", ("version", "python"))
        info.labels(version, platform.python_version()).set(1)
        ProcessCollector(registry=self.registry)
        self.registry.register(_ExactNames(self._failures))
        self.limiter_mode("shared")
        for what in _HAPPENINGS:
            self._child(self._happenings, what)
        for outcome in ("allow", "deny"):
            self._child(self._validations, outcome)

    def request(self, method: str, route: str, status: int, ms: float, *, error: str | None) -> None:
        """Count one answered request; ``route`` is the template, never the path, so that labels stay few."""
        shown = method if method in _METHODS else "other"
        self._child(self._requests, shown, route, str(status)).inc()
        self._child(self._latency, route).observe(ms / 1000)
        if error:
            self._child(self._errors, route, error).inc()

    def generation(self, ms: float, *, path: str) -> None:
        """Count one pipeline made; ``path`` is happy, retried or degraded."""
        self._child(self._generation, path).observe(ms / 1000)

    def stage(self, event: StageEvent) -> None:
        """Count one ended stage."""
        if event.outcome != "skipped":
            self._child(self._stages, event.name, event.outcome).observe(event.ms / 1000)

    def skills_load(self, ms: float) -> None:
        """Count one load of skills, under the specification's name and in base units."""
        self._load_ms.observe(ms)
        self._load_s.observe(ms / 1000)

    def policy_failure(self, rule: str) -> None:
        """Count one violation that denied."""
        self._child(self._failures, rule).inc()

    def validation(self, *, allowed: bool) -> None:
        """Count one verdict."""
        self._child(self._validations, "allow" if allowed else "deny").inc()

    def cache(self, cache: str, *, hit: bool) -> None:
        """Count one cache lookup."""
        if hit:
            self._hits += 1
        else:
            self._misses += 1
        self._child(self._cache_hits if hit else self._cache_misses, cache).inc()

    def happening(self, what: str) -> None:
        """Count a rare happening."""
        self._child(self._happenings, what).inc()

    def limiter_mode(self, mode: str) -> None:
        """Show where limits are counted."""
        for each in _MODES:
            self._child(self._limiter, each).set(1 if each == mode else 0)

    def live_promises(self, count: int, oldest_s: float) -> None:
        """Show what waits to be finished."""
        self._live.set(count)
        self._oldest.set(oldest_s)

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _hit_rate(self) -> float:
        lookups = self._hits + self._misses
        return self._hits / lookups if lookups else float("nan")

    def _child(self, metric: Any, *labels: str) -> Any:
        key = (metric, labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, edges: Iterable[float], labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, text, labels, buckets=tuple(edges), registry=self.registry)


class _ExactNames:
    """Shows counters a second time without ``_total``: the specification's names exactly (BEHAVIOUR.md C55)."""

    def __init__(self, *counters: Counter) -> None:
        self._counters = counters

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        for counter in self._counters:
            for family in counter.collect():
                exact = Metric(family.name, f"{family.documentation} The specification's name.", "unknown")
                for sample in family.samples:
                    if sample.name.endswith("_total"):
                        exact.add_sample(family.name, sample.labels, sample.value)
                yield exact
