"""Checks that providers built into their tokens, and entropy for those that built none."""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from collections import Counter
from typing import Any

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LONG_AGO = 1_735_689_600
"""Start of 2025, in Unix time: a token that expired before is an example."""
_EXAMPLE_WORDS = (
    "example", "placeholder", "your", "xxxx", "changeme", "dummy", "redacted", "1234567890abcdef", "abcdefghijklmnop",
    "......",
)  # fmt: skip
_RUNS = ("0123456789", "abcdefghij", "ABCDEFGHIJ", "9876543210", "qwertyuiop")


def entropy(text: str) -> float:
    """Return Shannon entropy in bits a character."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def base62_crc32(token: str) -> bool:
    """GitHub's and npm's check: the last 6 digits are the CRC-32 of the body behind the prefix, in base 62."""
    body, check = token[:-6].partition("_")[2], token[-6:]
    return base62(zlib.crc32(body.encode())) == check


def whole_crc32(token: str) -> bool:
    """Penstock's own check: the last 6 digits are the CRC-32 of everything before them, in base 62."""
    return base62(zlib.crc32(token[:-6].encode())) == token[-6:]


def base62(number: int) -> str:
    """Return a number in base 62, six digits, zero-padded."""
    digits = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits


def placeholder_token(token: str) -> bool:
    """Whether a token was written to be read as an example: repeated, counting or speaking characters."""
    lowered = token.lower()
    if any(word in lowered for word in _EXAMPLE_WORDS):
        return True
    body = token[4:]
    return sum(run in body for run in _RUNS) > 1 or (len(body) > 8 and len(set(body[-12:])) <= 3)  # noqa: PLR2004 -- three letters in twelve are no key


def jwt_claims(token: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return header and payload of a JSON web token; None when it is not one."""
    try:
        parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")[:2]]
        header, payload = (json.loads(part) for part in parts)
    except (ValueError, binascii.Error, UnicodeDecodeError, RecursionError):
        return None
    return (header, payload) if isinstance(header, dict) and isinstance(payload, dict) else None


def secret_jwt(token: str) -> bool:
    """Whether a JSON web token is worth keeping secret: signed, not long expired, no public role, no textbook's."""
    claims = jwt_claims(token)
    if claims is None or "alg" not in claims[0]:
        return False
    payload = claims[1]
    expires = payload.get("exp")
    expired = isinstance(expires, int) and expires < _LONG_AGO
    return not expired and payload.get("role") != "anon" and payload.get("name") != "John Doe"
