"""Layer (a): provider formats, private keys and passwords in URLs, anywhere in any text.

One linear pass for the literals of all formats says which can occur at all; only those are then searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import re2

from penstock.policy.secrets.checksums import entropy, placeholder_token
from penstock.policy.secrets.credential_names import Says
from penstock.policy.secrets.finding import PRIVATE_KEY, URL, Hit
from penstock.policy.secrets.formats import FORMATS, Format
from penstock.policy.secrets.literal_values import SHORTEST, is_literal_secret
from penstock.policy.secrets.places import Places

_MEMORY = 64 << 20
_ONE_LOOK = 65_536
"""Bytes up to which one automaton for several formats is the faster way; on long random text it is the slower one."""
_KEY_BLOCK = (
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]{0,300}?)([0-9A-Za-z+/]{32,})"
    r"|(PuTTY-User-Key-File-[23]: )"
    r'|"kty"\s*:\s*"[A-Za-z]{2,3}"[^{}]{0,900}"d"\s*:\s*"([0-9A-Za-z_-]{40,})"'
)
_URL = r"[A-Za-z][A-Za-z0-9+.-]{1,20}://([^\s/:@\"'<>`]{0,100}):([^\s/@\"'<>`]{1,200})@[A-Za-z0-9\[_$-]"
_SAME_AS_USER = re.compile(r"^(?:user(?:name)?|login|name|me|foo|admin)$", re.IGNORECASE)
_PLAIN_PASSWORDS = frozenset(
    {"pass", "password", "passwd", "pwd", "secret", "token", "pw", "changeit", "apikey", "key"}
)
_SHORTEST_URL_PASSWORD = 3
_LONGEST_KEY, _KEY_LINE = 20_000, 8
"""Characters of a key block, and of the shortest of its lines that is masked."""


@cache
def _options() -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    return options


@cache
def _filter() -> Any:
    """Every pattern behind the literals it cannot do without: random text (lock files) never reaches the patterns."""
    chosen = re2.Filter()
    for each in FORMATS:
        chosen.Add(each.pattern, _options())
    chosen.Add(_KEY_BLOCK, _options())
    chosen.Add(_URL, _options())
    chosen.Compile()
    return chosen


@cache
def _without_literals() -> tuple[tuple[int, ...], Any]:
    """Return the numbers of the formats that need no literal, and one automaton that looks for them in that order."""
    numbers = tuple(_filter().Match(b"", potential=True) or ())
    together = re2.Set.SearchSet(_options())
    for number in numbers:
        together.Add(FORMATS[number].pattern)
    together.Compile()
    return numbers, together


def _possible(raw: bytes) -> list[int]:
    """Return the numbers of the patterns whose literals occur; of those without literals, the ones that match."""
    numbers: list[int] = _filter().Match(raw, potential=True) or []
    if len(raw) > _ONE_LOOK:
        return numbers
    bare, together = _without_literals()
    present = {bare[place] for place in together.Match(raw) or ()}
    return [number for number in numbers if number not in bare or number in present]


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern.encode(), _options())


def token_hits(places: Places) -> Iterator[Hit]:
    """Yield everything that is a secret by its own form."""
    for number in _possible(places.raw):
        if number < len(FORMATS):
            yield from _format_hits(places, FORMATS[number])
        elif number == len(FORMATS):
            yield from _key_hits(places)
        else:
            yield from _url_hits(places)


def first_token(text: str) -> tuple[str, Format] | None:
    """Return a provider token or private key in a text, for texts that are not the file itself."""
    raw = text.encode("utf-8", "surrogatepass")
    for number in _possible(raw):
        if number >= len(FORMATS):
            continue
        for match in _compiled(FORMATS[number].pattern).finditer(raw):
            value = match.group(1).decode("utf-8", "replace")
            if is_token(FORMATS[number], value):
                return value, FORMATS[number]
    return None


def holds_any_token(texts: Iterable[str]) -> bool:
    """Whether any of the texts holds a token, in one search: two line ends part them, as a token's edges take one."""
    return first_token("\n\n".join(texts)) is not None


def has_key_block(text: str) -> bool:
    """Whether a private key stands in a text."""
    return bool(_compiled(_KEY_BLOCK).search(text.encode("utf-8", "surrogatepass")))


def is_token(form: Format, value: str) -> bool:
    """Whether what has the form is the real thing: entropy, no placeholder, and the provider's own check."""
    if entropy(value) < form.least or placeholder_token(value):
        return False
    return form.check is None or form.check(value)


def _format_hits(places: Places, form: Format) -> Iterator[Hit]:
    raw, begin, pattern = places.raw, 0, _compiled(form.pattern)
    while match := pattern.search(raw, begin):
        value = match.group(1).decode("utf-8", "replace")
        begin = max(match.end(1), begin + 1)
        if is_token(form, value):
            line, column = places.at_byte(match.start(1))
            yield Hit(form.rule, line, column, value, form.words)


def _key_hits(places: Places) -> Iterator[Hit]:
    for match in _compiled(_KEY_BLOCK).finditer(places.raw):
        body = match.group(1) or match.group(3)
        start = match.start(1)
        if start > 0 and body and places.raw[start - 1 : start] == b"\\":  # the n of a newline that is written as \n
            body, start = body[1:], start + 1
        value = (body or match.group(0)).decode("utf-8", "replace")
        if body and entropy(value) < 3.0:  # noqa: PLR2004 -- AAAA... is an illustration
            continue
        line, column = places.at_byte(match.start(0))
        if match.group(3):
            yield Hit(PRIVATE_KEY, line, column, value, "a private key in JWK form")
        else:
            literals = _key_lines(places.raw, start) if match.group(1) else ()
            yield Hit(PRIVATE_KEY, line, column, value, "a private key block", literals=literals)


def _key_lines(raw: bytes, start: int) -> tuple[str, ...]:
    """Return the lines of a key's body, to mask all of it; in JSON they are joined by backslash-n."""
    end = raw.find(b"-----", start)
    body = raw[start : end if 0 <= end <= start + _LONGEST_KEY else start + _LONGEST_KEY]
    lines = re.split(rb"\\n|[^0-9A-Za-z+/=]+", body)
    return tuple(line.decode("ascii") for line in lines if len(line) >= _KEY_LINE)


def _url_hits(places: Places) -> Iterator[Hit]:
    for match in _compiled(_URL).finditer(places.raw):
        user, password = (match.group(number).decode("utf-8", "replace") for number in (1, 2))
        if literal_url_password(user, password):
            line, column = places.at_byte(match.start(2))
            yield Hit(URL, line, column, password, "user:password@ in a URL")


def literal_url_password(user: str, password: str) -> bool:
    """Whether the password of a URL is one: no variable, no placeholder, not the documentation's user:password."""
    if len(password) < _SHORTEST_URL_PASSWORD or password.lower() in _PLAIN_PASSWORDS:
        return False
    if _SAME_AS_USER.match(user) and not any(letter.isdigit() for letter in password):
        return False
    padded = password if len(password) >= SHORTEST else password + "q8Z" * 2  # short ones count in a URL
    return is_literal_secret("", padded, Says.PASSWORD)
