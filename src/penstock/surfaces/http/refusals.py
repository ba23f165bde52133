"""What only an HTTP door can refuse; everything else is in errors.py."""

from __future__ import annotations

from typing import ClassVar

from penstock.errors import InvalidRequest, Unavailable


class UnsupportedMediaType(InvalidRequest):
    """The body must be JSON: send Content-Type application/json, without Content-Encoding."""

    slug = "unsupported-media-type"
    title = "Unsupported media type"


class MethodNotAllowed(InvalidRequest):
    """This address does not know that method."""

    slug = "method-not-allowed"
    title = "Method not allowed"
    next_steps: ClassVar[tuple[str, ...]] = ("Use one of the methods in the Allow header.",)


class BodyTimeout(InvalidRequest):
    """The request's body did not arrive in time."""

    slug = "body-timeout"
    title = "Body timeout"
    retryable = True
    next_steps: ClassVar[tuple[str, ...]] = ("Send it again over a faster connection, or send fewer files.",)


class HeadersTooLarge(InvalidRequest):
    """The request's headers are larger than Penstock accepts."""

    slug = "headers-too-large"
    title = "Headers too large"
    next_steps: ClassVar[tuple[str, ...]] = ("Send at most 100 headers and 32 KB.",)


class ShuttingDown(Unavailable):
    """This server is shutting down and takes no new work."""

    slug = "shutting-down"
    title = "Shutting down"


class Interrupted(Unavailable):
    """The server stopped before the work was done; the same Idempotency-Key resumes it."""

    slug = "interrupted"
    title = "Interrupted"
    next_steps: ClassVar[tuple[str, ...]] = ("Send the same request with the same Idempotency-Key again.",)


class DeadlineExceeded(Unavailable):
    """The work took longer than the request may last; the same Idempotency-Key goes on where it stopped."""

    slug = "deadline-exceeded"
    title = "Deadline exceeded"
    next_steps: ClassVar[tuple[str, ...]] = ("Send the same request with the same Idempotency-Key again.",)
