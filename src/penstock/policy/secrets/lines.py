"""Layer (b) on text: assignments, flags, headers and the commands that take a password, line by line."""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import accumulate
from typing import Any

import re2

from penstock.policy.secrets.commands import command_values
from penstock.policy.secrets.credential_names import Says, what_name_says
from penstock.policy.secrets.literal_values import is_literal_secret, looks_random

_WINDOW, _OVERLAP = 4_000, 300
"""Longer lines are looked at in pieces of this many characters, that share their ends."""
_TRIGGER = (
    rb"(?i)pass|pwd|secret|token|key|cred|bearer|basic|authoriz|jwt|\bpat\b|curl|wget|mysql|mariadb|mongo|redis-cli"
    rb"|\blogin\b|twine|ldap|sqlcmd|smbclient|useradd|usermod|_auth|\bpw\b|connection.?string"
)
_VALUE = r"""(?x:
    \\?"(?P<dq>[^"\\\n]*)
    |\\?'(?P<sq>[^'\\\n]*)
    |(?P<bare>[^\s"'`,;&|<>(){}\[\]\\]+(?:(?<!,),(?=[^\s])[^\s"'`,;&|<>(){}\[\]=\\]+)*)
)"""
_NAME = r"(?<![A-Za-z0-9_.])[A-Za-z_][A-Za-z0-9_.-]{1,200}"
_ASSIGNMENT = re.compile(rf"""(?P<name>{_NAME})\\?["']?\]?\s{{0,8}}(?:=>|:=|\?=|=|:)\s{{0,8}}(?=\S)""")
_FLAG = re.compile(r"""(?:^|[\s"'\[,])--?(?P<name>[A-Za-z][A-Za-z0-9_-]{1,60})["']?(?:=|,?\s+)""")
_GIVEN = re.compile(_VALUE)
_LOOKED_AT = 512
"""Characters of a value by which it is judged. Names can stand in values, so a line may be read once for each name."""
_LONGEST_NAME = 201
_REFERENCES = re.compile(
    r"\$\{\{[^}]{0,200}\}\}|\$\{[^}]{0,200}\}|\{\{[^}]{0,200}\}\}|\$\([^)]{0,200}\)|--(?:set|update)-secrets[\"']?[=\s,]+\S+|--secret[=\s]+id=\S+"
)
_DEFAULT = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_.]*)(?::?[-=]|:(?![?+]))(?P<value>[^}$\s\"']{3,})\}")
_HEADER = re.compile(
    r"(?i)\b(?P<scheme>bearer|basic|token|apikey|negotiate|sso-key)\s+[\"']?(?P<value>[A-Za-z0-9._~+/:=-]{8,})"
)
_SCHEMES = ("bearer ", "basic ", "token ", "apikey ", "negotiate ", "sso-key ")
_CELLS = re.compile(rf"`(?P<name>{_NAME})`\s*\|\s*`(?P<bare>[^`|\s]+)`")
"""A table's row in documentation: a name, then its value."""
_ELEMENT = re.compile(
    rf"<(?P<name>{_NAME})>(?P<bare>[^<>\s]+)</(?P=name)>"
    rf"|\b(?:name|key|id)=\"(?P<key>{_NAME})\"\s+value=\"(?P<value>[^\"<>\s]+)\""
)
"""XML: an element, or an entry with its name and value in attributes."""
_SENTENCE = re.compile(r"(?i)\b(?:password|passphrase|token|secret|key)\s+(?:is|was)\s+[`\"']?(?P<value>[^\s`\"',]+)")
_TERRAFORM = rb"(?s)\bvariable\s+\"([A-Za-z0-9_-]+)\"\s*\{[^{}]{0,400}?\bdefault\s*=\s*\"([^\"\n]+)\""
_PAIR_LINES = (
    rb"(?m)^[ \t]*-?[ \t]*\"?name\"?:[ \t]*[\"']?([A-Za-z_][A-Za-z0-9_.-]*)[\"']?,?[ \t]*\r?\n"
    rb"[ \t]*\"?value\"?:[ \t]*[\"']?([^\s\"']+)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A literal in a line: where its value begins (0-based, in the line), the value, what it looks like."""

    start: int
    value: str
    detail: str


@cache
def _trigger() -> Any:
    return re2.compile(rb"(?m)^.*(?:" + _TRIGGER + rb").*$")


@cache
def _pairs() -> tuple[Any, ...]:
    return re2.compile(_PAIR_LINES), re2.compile(_TERRAFORM)


def worth_a_look(text: str) -> bool:
    """Whether line_hits could find anything in a text: it has a word to hide behind, and something that parts two."""
    return _is_parted(text) and _trigger().search(text.encode("utf-8", "surrogatepass")) is not None


def worth_looks(texts: Iterable[str]) -> frozenset[str]:
    """Return the texts that ``worth_a_look`` holds of, found in one search over all of them."""
    parted = [text for text in dict.fromkeys(texts) if _is_parted(text)]
    raws = [text.encode("utf-8", "surrogatepass") for text in parted]
    ends = list(accumulate((len(raw) + 1 for raw in raws), initial=-1))[1:]
    whole, pattern, at = b"\n".join(raws), _trigger(), 0
    found = set()
    while match := pattern.search(whole, at):
        index = bisect_left(ends, match.end())
        found.add(parted[index])
        at = ends[index] + 1
    return frozenset(found)


def _is_parted(text: str) -> bool:
    return " " in text or "=" in text or ":" in text or "<" in text


def triggered_lines(raw: bytes) -> Iterator[tuple[int, str]]:
    """Yield (byte offset, line) of the lines that hold a word a credential hides behind; long lines in pieces."""
    pattern, at = _trigger(), 0
    while match := pattern.search(raw, at):
        start = raw.rfind(b"\n", at, match.start()) + 1 or at
        end = raw.find(b"\n", match.end())
        at = len(raw) if end < 0 else end + 1
        for piece in range(start, max(at - 1, start + 1), _WINDOW):
            yield piece, raw[piece : min(at, piece + _WINDOW + _OVERLAP)].decode("utf-8", "replace").rstrip("\r\n")


def pair_hits(raw: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield (byte offset, name, value) of pairs on lines of their own: YAML that could not be parsed, Terraform."""
    for pattern in _pairs():
        for match in pattern.finditer(raw):
            name, value = (match.group(number).decode("utf-8", "replace") for number in (1, 2))
            if is_literal_secret(name, value, what_name_says(name)):
                yield match.start(2), name, value


class Style(Enum):
    """What a line is part of, which decides what a bare word can be."""

    PLAIN = "plain"
    """Shell, dotenv, properties, scalars: a bare word is a value."""
    PROSE = "prose"
    """Documentation and comments: a bare word is just a word, unless it has digits."""
    CODE = "code"
    """Source code: a bare word is a variable."""
    WORDS = "words"
    """A command line put together from a list: options and commands, no assignments."""


def line_hits(line: str, style: Style = Style.PLAIN) -> Iterator[Found]:
    """Yield the literals of one line."""
    if "${" in line:
        yield from _default_hits(line)
    line = _REFERENCES.sub(lambda match: "$" * len(match.group()), line)
    for start, value, words in command_values(line):
        if is_literal_secret("password", value, Says.PASSWORD) or _short_password(value):
            yield Found(start, value, words)
    yield from _header_hits(line)
    if style is not Style.WORDS and ("=" in line or ":" in line):
        yield from _named_hits(_ASSIGNMENT, line, style)
    if "-" in line:
        yield from _named_hits(_FLAG, line, style)
    if "</" in line or "/>" in line:
        yield from _element_hits(line)
    if style is Style.PROSE:
        yield from _prose_hits(line)


def _default_hits(line: str) -> Iterator[Found]:
    """``${PASSWORD:-literal}``: the default is in the file, whatever the environment says later."""
    for match in _DEFAULT.finditer(line):
        name, value = match.group("name"), match.group("value")
        if is_literal_secret(name, value, what_name_says(name)):
            yield Found(match.start("value"), value, f"a literal default for {name[:60]}")


def _element_hits(line: str) -> Iterator[Found]:
    for match in _ELEMENT.finditer(line):
        name, value = match.group("name") or match.group("key"), match.group("bare") or match.group("value")
        if is_literal_secret(name, value, what_name_says(name)):
            start = match.start("bare") if match.group("bare") else match.start("value")
            yield Found(start, value, f"a literal value for {name[:60]}")


def _prose_hits(line: str) -> Iterator[Found]:
    for match in _SENTENCE.finditer(line):
        value = match.group("value").rstrip(".;:!?)")
        if is_literal_secret("", value, Says.CREDENTIAL) and looks_random(value):
            yield Found(match.start("value"), value, "a credential told in a sentence")
    for match in _CELLS.finditer(line):
        name, value = match.group("name"), match.group("bare")
        if any(c.isdigit() for c in value) and is_literal_secret(name, value, what_name_says(name)):
            yield Found(match.start("bare"), value, f"a literal value for {name[:60]}")


def _named_hits(pattern: re.Pattern[str], line: str, style: Style) -> Iterator[Found]:
    begin = 0
    while match := pattern.search(line, begin):
        begin = match.end("name")
        says = what_name_says(match.group("name"))
        given = None if says is Says.NOTHING else _GIVEN.match(line, match.end(), match.end() + _LOOKED_AT)
        if given is None or not _is_secret(match.group("name"), given, says, style):
            continue
        if given.end() - given.start() >= _LOOKED_AT - 2:
            given = _GIVEN.match(line, match.end()) or given
        group = str(given.lastgroup)
        value = given.group(group).rstrip("." if group == "bare" else "")
        yield Found(given.start(group), value, f"a literal value for {match.group('name')[:60]}")
        begin = max(begin, given.end() - _LONGEST_NAME)


def _is_secret(name: str, given: re.Match[str], says: Says, style: Style) -> bool:
    group = str(given.lastgroup)
    value = given.group(group).rstrip("." if group == "bare" else "")
    if group == "bare" and not _plain_enough(given.string, given.end(group), value, style):
        return False
    return not value.startswith("--") and is_literal_secret(name, value, says)  # an option: this one takes no value


def _plain_enough(line: str, end: int, value: str, style: Style) -> bool:
    """Say whether a bare word is a literal: one that goes on as a call, an index or a sentence is not."""
    following = line[end : end + 1]
    if following in {"(", "[", "<"} or style is Style.CODE:
        return False
    if style is not Style.PROSE:
        return not value.endswith(("=", ":")) or len(value) > 12  # noqa: PLR2004 -- base64 padding ends long values
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _header_hits(line: str) -> Iterator[Found]:
    lowered = line.lower()
    if not any(scheme in lowered for scheme in _SCHEMES):
        return
    for match in _HEADER.finditer(line):
        value, scheme = match.group("value"), match.group("scheme").lower()
        if scheme == "basic":
            if basic_pair(value):
                yield Found(match.start("value"), value, "a Basic authorization header")
            continue
        named = "authoriz" in lowered or scheme in {"bearer", "sso-key"}
        opaque = any(c.isdigit() for c in value) or len(value) > 24  # noqa: PLR2004 -- a long word is no word
        if named and opaque and is_literal_secret("", value, Says.CREDENTIAL):
            yield Found(match.start("value"), value, f"a literal {scheme} token")


def basic_pair(value: str) -> bool:
    """Say whether base64 holds ``user:password`` with a password that is one."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return False
    user, colon, password = decoded.partition(":")
    return bool(colon and user.isprintable() and password.isprintable()) and not password.startswith(("$", "{", "<"))


def _short_password(value: str) -> bool:
    """Say whether four or five letters are a password; a command's own option for it leaves no doubt."""
    return 4 <= len(value) < 6 and value.isalnum() and value.lower() not in {"pass", "test", "none", "true"}  # noqa: PLR2004 -- see above
