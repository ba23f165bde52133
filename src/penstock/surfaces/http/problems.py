"""The one map from errors to HTTP: status, headers and the problem document (RFC 9457)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from penstock import errors
from penstock.errors import PenstockError, PolicyViolations
from penstock.pipelines.answers import decision_document
from penstock.surfaces.http import refusals
from penstock.telemetry.cleaning import MAX_FIELD, escaped

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/docs/errors#"
"""``type`` is this and the slug: an address on the server itself, and the heading in docs/errors.md."""

STATUS_BY_ERROR: Mapping[type[PenstockError], int] = {
    PenstockError: 500,
    errors.InvalidRequest: 400,
    errors.InvalidConfiguration: 422,
    errors.NothingToBuild: 422,
    errors.PathProblem: 422,
    errors.IdempotencyKeyReused: 422,
    errors.PayloadTooLarge: 413,
    refusals.UnsupportedMediaType: 415,
    refusals.MethodNotAllowed: 405,
    refusals.BodyTimeout: 408,
    refusals.HeadersTooLarge: 431,
    errors.Refused: 403,
    errors.InvalidApiKey: 401,
    errors.PermissionDenied: 403,
    errors.RepositoryForbidden: 403,
    errors.RateLimitExceeded: 429,
    errors.ConcurrencyLimited: 429,
    errors.NotWaiting: 409,
    errors.IdempotencyConflict: 409,
    errors.NotFound: 404,
    errors.SkillNotFound: 404,
    errors.PipelineNotFound: 404,
    errors.RepositoryNotFound: 404,
    PolicyViolations: 422,
    errors.GenerationRefused: 422,
    errors.DeliveryConflict: 409,
    errors.DeliveryFailed: 500,
    errors.CommitRefused: 500,
    errors.DeliveryInterrupted: 500,
    errors.Unavailable: 503,
    errors.DatabaseFailed: 500,
    errors.AuthUnavailable: 503,
    errors.PolicyEngineUnavailable: 503,
    errors.SkillsUnavailable: 503,
    errors.GenerationUnavailable: 503,
    errors.OutputUnusable: 503,
    errors.RepositoryAway: 503,
    errors.DataDirUnusable: 503,
    errors.Overloaded: 503,
    refusals.ShuttingDown: 503,
    refusals.Interrupted: 503,
    refusals.DeadlineExceeded: 504,
}
"""Every class of errors.py and refusals.py, one status each."""

NEXT_OVER_HTTP: Mapping[type[PenstockError], tuple[str, ...]] = {
    errors.NothingToBuild: (
        "Read in reasons what was looked at.",
        "Send a manifest (package.json, pyproject.toml, go.mod, ...) or a Dockerfile in service_context.files.",
    ),
    errors.DeliveryConflict: (
        "Move the files listed, or leave options.delivery out and commit the artifacts yourself.",
    ),
    errors.DataDirUnusable: ("Contact the platform team with the trace_id.",),
}
"""Next steps for callers who have fields, where the error's own name options of the command line."""

SPECIFIED = {
    "unauthenticated": "Invalid API key",
    "rate-limited": "Rate limit exceeded",
    "skill-not-found": "Skill not found",
    "repository-not-found": "Repository not found",
    "policy-violation": "Policy violations",
    "database-error": "Database error",
    "delivery-failed": "Failed to commit to GitHub",
    "github-commit-failed": "Failed to commit to GitHub",
    "ai-unavailable": "AI service unavailable",
}
"""The specification's ``error`` strings by slug; the other slugs use their title."""

_LONGEST_LIST = 200
_RESERVED = frozenset({"type", "title", "status", "detail", "error", "trace_id", "retryable", "next", "location"})


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem ready to be sent."""

    status: int
    slug: str
    headers: tuple[tuple[bytes, bytes], ...]
    document: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The document as bytes."""
        return orjson.dumps(self.document, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def status_of(problem: PenstockError) -> int:
    """Return the HTTP status of an error."""
    return next(STATUS_BY_ERROR[kind] for kind in type(problem).__mro__ if kind in STATUS_BY_ERROR)


def describe(problem: PenstockError, trace_id: str) -> Problem:
    """Turn an error into the problem that is sent."""
    status = status_of(problem)
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + problem.slug,
        "title": problem.title,
        "status": status,
        "detail": _detail(problem),
        "error": SPECIFIED.get(problem.slug, problem.title),
        "trace_id": problem.replay_of or trace_id,
        "retryable": problem.retryable,
        "next": list(_next(problem)),
    }
    document.update(
        (name, value) for name, value in problem.extra.items() if name not in _RESERVED and value is not None
    )
    if isinstance(problem, PolicyViolations):
        document.update(_verdict(problem))
    return Problem(status, problem.slug, tuple(_headers(problem, status)), document)


def unexpected(trace_id: str) -> Problem:
    """Return the answer to a bug of ours: the trace id and nothing of the cause."""
    return describe(PenstockError(), trace_id)


def _next(problem: PenstockError) -> tuple[str, ...]:
    usual = problem.steps == type(problem).next_steps
    return NEXT_OVER_HTTP.get(type(problem), problem.steps) if usual else problem.steps


def _detail(problem: PenstockError) -> str:
    """Return the message; a refused key learns the same whatever was wrong with it (POLICY.md §5)."""
    if isinstance(problem, errors.InvalidApiKey):
        return "The API key is missing, malformed, unknown, revoked or expired."
    return escaped(problem.message[:MAX_FIELD])


def _verdict(problem: PolicyViolations) -> dict[str, Any]:
    """Return the members POLICY.md §2.3 gives the 422: all findings, sorted, at most 200 of a kind."""
    document = decision_document(problem.decision)
    for kind in ("details", "warnings", "waived"):
        ordered = sorted(document[kind], key=lambda each: (each["severity"], each["file"], each["line"], each["rule"]))
        document[kind] = ordered[:_LONGEST_LIST]
    document["violations_total"] = len(problem.decision.violations)
    return document


def _headers(problem: PenstockError, status: int) -> Iterator[tuple[bytes, bytes]]:
    yield b"content-type", MEDIA_TYPE.encode()
    if isinstance(problem, errors.InvalidApiKey):
        yield b"www-authenticate", b'Bearer realm="penstock"'
    wait = _retry_after_s(problem, status)
    if wait is not None:
        yield b"retry-after", str(wait).encode()
    if problem.replay_of is not None:
        yield b"idempotency-replayed", b"true"
    if "pipeline_id" in problem.extra:
        yield b"location", f"/api/v1/pipelines/{problem.extra['pipeline_id']}".encode()
    if isinstance(problem, errors.RateLimitExceeded):
        yield from rate_headers(
            problem.extra.get("limit"), problem.extra.get("remaining", 0), problem.extra.get("reset_s", wait)
        )
    if isinstance(problem, refusals.MethodNotAllowed) and problem.extra.get("allow"):
        yield b"allow", str(problem.extra["allow"]).encode()


def rate_headers(limit: object, remaining: object, reset_s: object) -> Iterator[tuple[bytes, bytes]]:
    """Return the RateLimit-* headers for the numbers that are known."""
    for name, value in ((b"limit", limit), (b"remaining", remaining), (b"reset", reset_s)):
        if isinstance(value, int | float):
            yield b"ratelimit-" + name, str(max(0, round(value))).encode()


def _retry_after_s(problem: PenstockError, status: int) -> int | None:
    """Return whole seconds; a shed caller comes back after 1 to 5 s, not all at once (BEHAVIOUR.md §2.5)."""
    told = problem.extra.get("retry_after_s")
    if isinstance(told, int | float) and math.isfinite(told):
        return max(1, round(told + 0.499))
    if isinstance(problem, errors.Overloaded):
        return random.randint(1, 5)  # noqa: S311 -- spreads clients over time, protects nothing
    if isinstance(problem, errors.IdempotencyConflict):
        return 1
    return 1 if status in _COME_BACK else None


_COME_BACK = frozenset({503, 504})
