"""Secrets that hide: one level of base64, and texts written backwards."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cache
from typing import Any

import re2

from penstock.policy.secrets.finding import CREDENTIAL, PRIVATE_KEY, Hit
from penstock.policy.secrets.lines import line_hits, worth_a_look
from penstock.policy.secrets.places import Places
from penstock.policy.secrets.tokens import first_token, has_key_block

_RUN = rb"[0-9A-Za-z+/_-]{24,}={0,2}"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_MAX_RUNS = 3_000
_MAX_DECODED = 1 << 20


@cache
def _runs() -> Any:
    return re2.compile(_RUN)


def base64_hits(places: Places) -> Iterator[Hit]:
    """Yield base64 runs whose plain text is a secret. Bounded in number and size."""
    decoded_bytes = 0
    for count, match in enumerate(_runs().finditer(places.raw)):
        if count == _MAX_RUNS or decoded_bytes > _MAX_DECODED:
            return
        plain = _plain(match.group(0))
        if plain is None:
            continue
        decoded_bytes += len(plain)
        found = _secret_in(plain)
        if found:
            rule, words = found
            literal = match.group(0).decode("ascii")
            yield Hit(rule, *places.at_byte(match.start()), literal, f"{words}, in base64")


def _plain(run: bytes) -> str | None:
    body = run.rstrip(b"=").translate(_URL_SAFE)
    try:
        decoded = base64.b64decode(body[: len(body) - (len(body) % 4 == 1)] + b"=" * (-len(body) % 4))
    except (ValueError, binascii.Error):
        return None
    if not decoded.isascii():
        return None
    plain = decoded.decode("ascii")
    return plain if all(c.isprintable() or c in "\r\n\t" for c in plain) else None


def _secret_in(plain: str) -> tuple[str, str] | None:
    token = first_token(plain)
    if token:
        return token[1].rule, token[1].words
    if has_key_block(plain):
        return PRIVATE_KEY, "a private key block"
    if worth_a_look(plain):
        for line in plain.split("\n"):
            for found in line_hits(line):
                return CREDENTIAL, found.detail
    return None


def reversed_hits(places: Places) -> Iterator[Hit]:
    """Yield a provider token that is written backwards."""
    found = first_token(places.text[::-1])
    if found:
        literal = found[0][::-1]
        at = places.text.find(literal)
        yield Hit(found[1].rule, *places.at(max(at, 0)), literal, f"{found[1].words}, written backwards")
