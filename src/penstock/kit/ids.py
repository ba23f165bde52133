"""Identifiers: time-ordered uuids for records, random ids for traces."""

from __future__ import annotations

import secrets
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a version 7 uuid (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | secrets.randbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def trace_id() -> str:
    """Return a W3C trace id: 32 hex digits, not all zero."""
    return secrets.token_hex(16)
