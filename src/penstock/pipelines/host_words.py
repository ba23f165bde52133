"""A repository host's own words, made fit to be kept and shown."""

from __future__ import annotations

from penstock.policy.secrets import redact_quoted
from penstock.telemetry.cleaning import escaped

_MOST = 600


def told(words: str) -> str:
    """Return a host's words as they may be kept and shown: one line, no control characters, no secret."""
    return escaped(redact_quoted(words))[:_MOST]
