"""The circuit breaker's metrics (BEHAVIOUR.md §3)."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

STATES = ("closed", "open", "half_open")
"""By the specification's number."""
_TRANSITIONS = ((0, 1), (1, 2), (2, 0), (2, 1))
_DECISIONS = ("allow", "deny", "probe")
_SOURCES = ("shared", "local")
_NO_MODEL = "none"


class BreakerMetrics:
    """What the breakers of one process show. All series that alerts look at are there before there is a breaker."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._state = Gauge(
            "circuit_breaker_state",
            "Model circuit breaker: 0 closed, 1 open, 2 half-open.",
            ("model",),
            registry=registry,
        )
        self._last_closed = Gauge(
            "circuit_breaker_last_closed_timestamp_seconds",
            "When this process last saw the breaker closed.",
            ("model",),
            registry=registry,
        )
        self._transitions = Counter(
            "circuit_breaker_transitions", "Changes of state, by who caused them.", ("from", "to"), registry=registry
        )
        self._decisions = Counter(
            "circuit_breaker_decisions", "Answers to wishes to ask the model.", ("decision",), registry=registry
        )
        self.late_results = Counter(
            "circuit_breaker_late_results", "Results that came too late to count.", registry=registry
        )
        self.expired_probes = Counter(
            "circuit_breaker_probe_expired", "Probes given up because they said nothing.", registry=registry
        )
        self._source = Gauge(
            "circuit_breaker_source", "1 where the breaker is decided now.", ("source",), registry=registry
        )
        for before, after in _TRANSITIONS:
            self._transitions.labels(STATES[before], STATES[after])
        for decision in _DECISIONS:
            self._decisions.labels(decision)
        self.source("shared")
        self._shown: set[str] = set()
        self.state(_NO_MODEL, 0, datetime.now(UTC))

    def state(self, model: str, state: int, now: datetime) -> None:
        """Show the state of a model's breaker."""
        if self._shown == {_NO_MODEL} and model != _NO_MODEL:
            self._state.remove(_NO_MODEL)
            self._last_closed.remove(_NO_MODEL)
            self._shown.clear()
        self._shown.add(model)
        self._state.labels(model).set(state)
        if state == 0:
            self._last_closed.labels(model).set(now.timestamp())

    def transition(self, before: int, after: int) -> None:
        """Count a change of state."""
        self._transitions.labels(STATES[before], STATES[after]).inc()

    def decision(self, decision: str) -> None:
        """Count an answer: allow, deny or probe."""
        self._decisions.labels(decision).inc()

    def source(self, source: str) -> None:
        """Show where the breaker is decided."""
        for each in _SOURCES:
            self._source.labels(each).set(1 if each == source else 0)
