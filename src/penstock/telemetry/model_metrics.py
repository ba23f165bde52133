"""Metrics of the model: attempts, their time, tokens, money."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from penstock.domain.models import ModelAttempt

_LATENCY_MS = (50, 100, 250, 500, 1000, 2500, 5000, 8000, 10000, 15000, 20000, 30000)
_TOKENS = ("input", "output", "cache_read", "cache_write")


class ModelMetrics:
    """What attempts on models cost. ``claude_api_latency_ms`` is the specification's name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._latency_ms = Histogram(
            "claude_api_latency_ms",
            "Time of one attempt on the model (ms).",
            ("outcome",),
            buckets=_LATENCY_MS,
            registry=registry,
        )
        self._latency_s = Histogram(
            "claude_api_duration_seconds",
            "Time of one attempt on the model.",
            ("outcome",),
            buckets=[ms / 1000 for ms in _LATENCY_MS],
            registry=registry,
        )
        self._attempts = Counter("model_attempts", "Attempts on a model.", ("model", "outcome"), registry=registry)
        self._tokens = Counter("model_tokens", "Tokens of a model.", ("model", "kind"), registry=registry)
        self._cost = Counter("model_cost_micro_usd", "Cost (millionths of a US dollar).", ("org",), registry=registry)
        self._org_tokens = Counter("model_org_tokens", "Tokens by organisation.", ("org",), registry=registry)
        self._unusable = Counter(
            "model_output_unusable", "Answers that could not be used, by reason.", ("reason",), registry=registry
        )
        self._degraded = Counter(
            "pipelines_degraded", "Pipelines of templates where a model was wanted.", ("reason",), registry=registry
        )

    def attempt(self, attempt: ModelAttempt) -> None:
        """Count one attempt."""
        self._latency_ms.labels(attempt.outcome).observe(attempt.ms)
        self._latency_s.labels(attempt.outcome).observe(attempt.ms / 1000)
        self._attempts.labels(attempt.model, attempt.outcome).inc()
        used = attempt.usage
        counts = (used.input_tokens, used.output_tokens, used.cache_read_tokens, used.cache_write_tokens)
        for kind, count in zip(_TOKENS, counts, strict=True):
            if count:
                self._tokens.labels(attempt.model, kind).inc(count)

    def spent(self, org: str, micro_usd: int, tokens: int) -> None:
        """Count what one request cost its organisation."""
        self._cost.labels(org).inc(micro_usd)
        self._org_tokens.labels(org).inc(tokens)

    def unusable(self, reason: str) -> None:
        """Count one answer of no use."""
        self._unusable.labels(reason).inc()

    def degraded(self, reason: str) -> None:
        """Count one pipeline made without the model that was wanted."""
        self._degraded.labels(reason).inc()
