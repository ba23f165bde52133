"""What generation needs of a model: a prompt in, text out, or a way in which it fails (BEHAVIOUR.md §3, §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from penstock.domain.models import Usage


class FailureKind(StrEnum):
    """Why an attempt gave no complete message. The breaker and the retries go by it, metrics carry it."""

    CONNECT = "connect"
    """Refused, reset before an answer, TLS, DNS."""
    RESET = "reset"
    """Cut in the middle, no message_stop."""
    FIRST_BYTE = "first_byte"
    IDLE = "idle"
    TOTAL = "total"
    """The three timeouts of BEHAVIOUR.md §2.4."""
    SERVER = "server"
    """5xx, 408, 409."""
    OVERLOADED = "overloaded"
    """529, or the error event overloaded_error after 200."""
    RATE_LIMITED = "rate_limited"
    """429 with a retry-after."""
    ACCOUNT = "account"
    """402, 429 without retry-after or with a spend limit: money, so no retry helps."""
    CREDENTIAL = "credential"
    """401, 403, and 404 for the model."""
    NOT_A_MESSAGE = "not_a_message"
    """HTML with 200, broken JSON of the envelope, a body over the cap."""
    BAD_REQUEST = "bad_request"
    """400, 413: our own bug. Neutral for the breaker."""
    MISCONFIGURED = "misconfigured"
    """A setting of ours is wrong, so nothing was sent: no address, no credentials, a broken key. Neutral."""
    CANCELLED = "cancelled"
    """We stopped it: the client left, or the deadline passed. Neutral."""


RETRIED = frozenset(
    {
        FailureKind.CONNECT, FailureKind.RESET, FailureKind.FIRST_BYTE, FailureKind.IDLE, FailureKind.TOTAL,
        FailureKind.SERVER, FailureKind.OVERLOADED, FailureKind.RATE_LIMITED, FailureKind.NOT_A_MESSAGE,
    }
)  # fmt: skip
"""Failures that another attempt may mend."""
NEUTRAL = frozenset({FailureKind.BAD_REQUEST, FailureKind.MISCONFIGURED, FailureKind.CANCELLED})
"""Failures that say nothing about the model's health; every other one counts for the breaker."""


class ModelFailed(Exception):
    """One attempt gave no complete message."""

    def __init__(
        self, kind: FailureKind, message: str, *, retry_after_s: float | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after_s = retry_after_s
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. ``system`` is the same for everybody with the same skills, so it may be cached; the rest is not.

    ``asked`` is the sentence, ``found`` what the repository says: data with its source named, never instructions.
    ``turns`` are earlier answers and what was said to them (a re-ask, a repair), oldest first.
    """

    system: tuple[str, ...]
    asked: str
    found: str
    schema: dict[str, Any]
    """JSON schema of the answer, in the subset that structured output takes."""
    turns: tuple[tuple[str, str], ...] = ()
    """(the model's answer, what is wrong with it)"""
    max_tokens: int = 8_000


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A complete message, whatever it says."""

    text: str
    stop_reason: str
    """end_turn, max_tokens, refusal, model_context_window_exceeded, ..."""
    model: str
    usage: Usage = field(default_factory=Usage)
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """Seconds of one attempt, from its start. ``total`` is already cut to what the request has left."""

    connect_s: float
    first_byte_s: float
    idle_s: float
    total_s: float


class Model(Protocol):
    """One model behind one account. It makes exactly one attempt: who calls it owns retries and breaker."""

    @property
    def name(self) -> str:
        """The model's id: the breaker, metrics and the record go by it."""
        ...

    async def warm(self) -> None:
        """Get ready: imports, clients. Nothing is asked."""
        ...

    async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
        """Return a complete message. Raises ModelFailed; CancelledError passes through, the connection closed."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
