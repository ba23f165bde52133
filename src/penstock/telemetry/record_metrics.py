"""Metrics of the record's own paperwork: events on their way out, the audit chain, copies owed, usage counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from penstock.domain.events import Backlog, UsageDay

_KINDS = ("pipeline", "model")


class RecordMetrics:
    """Gauges show the whole database, as any one server sees it; counters what this process did."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, registry=registry)

        self._gauges = {
            "outbox_unpublished": gauge("outbox_unpublished", "Events that wait to be published."),
            "outbox_age_s": gauge("outbox_age_seconds", "Age of the oldest event that waits."),
            "outbox_parked": gauge("outbox_parked", "Events their receiver refused for good."),
            "audit_unsealed": gauge("audit_unsealed", "Audit rows that are not sealed yet."),
            "audit_unsealed_age_s": gauge("audit_unsealed_age_seconds", "Age of the oldest unsealed audit row."),
            "archive_pending": gauge("audit_pending", "Pipelines whose copy the archive does not have yet."),
            "audit_pending_age_s": gauge("audit_pending_age_seconds", "Age of the oldest of them."),
            "usage_waiting": gauge("usage_waiting", "Usage events that are not counted yet."),
        }
        self.published = Counter("events_published", "Events published.", registry=registry)
        self.sealed = Counter("audit_sealed", "Audit rows sealed.", registry=registry)
        self._usage = Counter("usage_events", "Usage events counted.", ("kind",), registry=registry)
        self._tokens = Counter("usage_tokens", "Tokens in them.", registry=registry)
        self._cost = Counter("usage_cost_micro_usd", "Their cost (millionths of a US dollar).", registry=registry)
        for kind in _KINDS:
            self._usage.labels(kind)

    def backlog(self, backlog: Backlog) -> None:
        """Show what waits."""
        for name, gauge in self._gauges.items():
            gauge.set(getattr(backlog, name))

    def usage(self, counted: UsageDay) -> None:
        """Count what was just rolled up of one kind."""
        self._usage.labels(counted.kind).inc(counted.events)
        self._tokens.inc(counted.tokens)
        self._cost.inc(counted.micro_usd)
