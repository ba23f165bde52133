"""What the simulated Claude can be told to do with a call; the whole vocabulary is `fakes/claude/script.py: Action`.

Every function takes further keys of the vocabulary, such as `delay_headers=0.2`, `match="haiku"` or `usage={...}`.
All times are seconds.
"""

from __future__ import annotations

from typing import Any

Action = dict[str, Any]


def answer(value: Any, **how: Any) -> Action:
    """Answer completely, with this JSON document as the text."""
    return {"answer": value, **how}


def text(value: str, **how: Any) -> Action:
    """Answer completely, with this very text, JSON or not."""
    return {"text": value, **how}


def error(status: int, kind: str | None = None, *, error_code: str | None = None, **how: Any) -> Action:
    """Answer with an error; `kind` is its type, else the documented one of the status."""
    return {"error": {"status": status, "type": kind, "error_code": error_code}, **how}


def overloaded(**how: Any) -> Action:
    """Answer 529: the API is overloaded for everybody."""
    return error(529, **how)


def rate_limited(retry_after: float | None = None, **how: Any) -> Action:
    """Answer 429; `retry_after` in seconds, None sends no such header."""
    headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return error(429, headers=headers, **how)


def spend_limit_reached(**how: Any) -> Action:
    """Answer 429 for a monthly spend limit: no retry-after, and a code that names the cause."""
    return error(429, error_code="enforced_spend_limit_reached", **how)


def silent(*, after_headers: bool = False, **how: Any) -> Action:
    """Accept the connection and read the request, but never send a byte (or none after the headers)."""
    return {"hold": "body" if after_headers else "headers", **how}


def dripping(value: Any, seconds: float, **how: Any) -> Action:
    """Send an answer one byte at a time, so many seconds apart."""
    return {"answer": value, "drip": seconds, **how}


def truncated(value: Any, *, after_events: int, by: str = "end", **how: Any) -> Action:
    """Leave out a stream's end: `end` in order for HTTP, `close` by FIN, `reset` by RST."""
    return {"answer": value, "cut": {"after_events": after_events, "how": by}, **how}


def reset(*, after_events: int | None = None, **how: Any) -> Action:
    """Reset the connection, before the headers or in the middle of a stream."""
    return {"cut": {"how": "reset", "after_events": after_events}, **how}


def error_event(after_events: int = 3, kind: str = "overloaded_error", **how: Any) -> Action:
    """Begin a stream with status 200 and end it with an `error` event."""
    return {"error_event": {"after_events": after_events, "type": kind}, **how}


def html(status: int = 200, **how: Any) -> Action:
    """Send the page of a proxy in between."""
    return {"body": {"text": "<html><body>Sign in to the network</body></html>", "status": status}, **how}


def refusal(category: str | None = None, **how: Any) -> Action:
    """Refuse as the model does: a complete answer with stop_reason refusal."""
    details = {"type": "refusal", "category": category, "explanation": None}
    return {"content": [], "stop_reason": "refusal", "stop_details": details, **how}


def out_of_tokens(begun: str, *, context_window: bool = False, **how: Any) -> Action:
    """End the answer where max_tokens, or the context window, ends it."""
    reason = "model_context_window_exceeded" if context_window else "max_tokens"
    return {"text": begun, "stop_reason": reason, **how}
