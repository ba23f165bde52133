"""The shape of an API key (POLICY.md §5): ``pst_<live|test>_<kid>_<secret><check>``, 71 characters.

The kid names the key and may be shown; the secret has 256 bits; the check is a CRC-32 in base 62 over all that stands
before it. The check only sorts out what was never a key, before anything is looked up: it protects nothing.
"""

from __future__ import annotations

import re
import secrets
import zlib
from dataclasses import dataclass, field

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KID, _SECRET, _CHECK = 12, 43, 6
KID = re.compile(rf"\A[0-9A-Za-z]{{{_KID}}}\Z")
_KEY = re.compile(rf"\Apst_(?:live|test)_(?P<kid>[0-9A-Za-z]{{{_KID}}})_[0-9A-Za-z]{{{_SECRET + _CHECK}}}\Z")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A whole key in plain text. Its repr shows the kid alone."""

    kid: str
    plain: str = field(repr=False)


def new_key(*, live: bool = True) -> ApiKey:
    """Return a new random key."""
    kid = _digits(secrets.randbelow(62**_KID), _KID)
    body = f"pst_{'live' if live else 'test'}_{kid}_{_digits(secrets.randbits(256), _SECRET)}"
    return ApiKey(kid, body + _check(body))


def parse_key(text: str) -> ApiKey | None:
    """Return the key a text is, None when it has another shape or its check is wrong."""
    match = _KEY.match(text)
    if match is None or _check(text[:-_CHECK]) != text[-_CHECK:]:
        return None
    return ApiKey(match["kid"], text)


def _check(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), _CHECK)


def _digits(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits
