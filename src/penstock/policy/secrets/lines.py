"""Layer (b) on text: assignments, flags, headers and the commands that take a password, line by line."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import re2

from penstock.policy.secrets.commands import COMMANDS
from penstock.policy.secrets.credential_names import Says, what_name_says
from penstock.policy.secrets.literal_values import is_literal_secret

_LONGEST_LINE = 4_000
_TRIGGER = (
    rb"(?i)pass|pwd|secret|token|key|cred|bearer|basic|authoriz|jwt|\bpat\b|curl|wget|mysql|mariadb|mongo|redis-cli"
    rb"|\blogin\b|twine|ldap|sqlcmd|_auth|\bpw\b|connectionstring"
)
_VALUE = r"""(?x:
    \\?"(?P<dq>[^"\\\n]*)
    |\\?'(?P<sq>[^'\\\n]*)
    |(?P<bare>[^\s"'`,;&|<>(){}\[\]\\]+(?:(?<!,),(?=[^\s])[^\s"'`,;&|<>(){}\[\]=\\]+)*)
)"""
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{1,80}"
_ASSIGNMENT = re.compile(rf"""(?P<name>{_NAME})\\?["']?\]?\s{{0,8}}(?:=>|:=|\?=|=|:)\s{{0,8}}{_VALUE}""")
_FLAG = re.compile(rf"""(?:^|[\s"'\[,])--?(?P<name>[A-Za-z][A-Za-z0-9_-]{{1,60}})["']?(?:=|,?\s+){_VALUE}""")
_REFERENCES = re.compile(
    r"\$\{\{[^}]*\}\}|\$\{[^}]*\}|\{\{[^}]*\}\}|\$\([^)]*\)|--(?:set|update)-secrets[=\s]+\S+|--secret[=\s]+id=\S+"
)
_DEFAULT = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_.]*)(?::?[-=]|:(?![?+]))(?P<value>[^}$\s\"']{3,})\}")
_HEADER = re.compile(
    r"(?i)\b(?P<scheme>bearer|basic|token|apikey|negotiate|sso-key)\s+[\"']?(?P<value>[A-Za-z0-9._~+/:=-]{8,})"
)
_CELLS = re.compile(rf"`(?P<name>{_NAME})`\s*\|\s*`(?P<bare>[^`|\s]+)`")
"""A table's row in documentation: a name, then its value."""
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
def _pair_lines() -> Any:
    return re2.compile(_PAIR_LINES)


def worth_a_look(text: str) -> bool:
    """Whether anything in a text could make line_hits find something."""
    return _trigger().search(text.encode("utf-8", "surrogatepass")) is not None


def triggered_lines(raw: bytes) -> Iterator[tuple[int, str]]:
    """Yield (byte offset, line) of the lines that hold a word a credential hides behind."""
    for match in _trigger().finditer(raw):
        yield match.start(), match.group(0)[:_LONGEST_LINE].decode("utf-8", "replace")


def pair_hits(raw: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield (byte offset, name, value) of name/value line pairs, for YAML that could not be parsed."""
    for match in _pair_lines().finditer(raw):
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
    line = line[:_LONGEST_LINE]
    yield from _default_hits(line)
    line = _REFERENCES.sub(lambda match: "$" * len(match.group()), line)
    for words, pattern in COMMANDS:
        for match in pattern.finditer(line):
            start, value = _bare(match.start("value"), match.group("value"))
            if is_literal_secret("", value, Says.PASSWORD) or _short_password(value):
                yield Found(start, value, words)
    yield from _header_hits(line)
    for pattern in (_FLAG,) if style is Style.WORDS else (_ASSIGNMENT, _FLAG):
        yield from _named_hits(pattern, line, style)
    if style is Style.PROSE:
        yield from _cell_hits(line)


def _default_hits(line: str) -> Iterator[Found]:
    """``${PASSWORD:-literal}``: the default is in the file, whatever the environment says later."""
    for match in _DEFAULT.finditer(line):
        name, value = match.group("name"), match.group("value")
        if is_literal_secret(name, value, what_name_says(name)):
            yield Found(match.start("value"), value, f"a literal default for {name[:60]}")


def _cell_hits(line: str) -> Iterator[Found]:
    for match in _CELLS.finditer(line):
        name, value = match.group("name"), match.group("bare")
        if any(c.isdigit() for c in value) and is_literal_secret(name, value, what_name_says(name)):
            yield Found(match.start("bare"), value, f"a literal value for {name[:60]}")


def _named_hits(pattern: re.Pattern[str], line: str, style: Style) -> Iterator[Found]:
    begin = 0
    while match := pattern.search(line, begin):
        begin = match.end("name")
        name = match.group("name")
        says = what_name_says(name)
        if says is Says.NOTHING:
            continue
        group = next(each for each in ("dq", "sq", "bare") if match.group(each) is not None)
        value = match.group(group).rstrip("." if group == "bare" else "")
        if group == "bare" and not _plain_enough(line, match.end("bare"), value, style):
            continue
        if is_literal_secret(name, value, says):
            yield Found(match.start(group), value, f"a literal value for {name[:60]}")


def _plain_enough(line: str, end: int, value: str, style: Style) -> bool:
    """Say whether a bare word is a literal: one that goes on as a call, an index or a sentence is not."""
    following = line[end : end + 1]
    if following in {"(", "[", "<"} or style is Style.CODE:
        return False
    if style is not Style.PROSE:
        return not value.endswith(("=", ":")) or len(value) > 12  # noqa: PLR2004 -- base64 padding ends long values
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _header_hits(line: str) -> Iterator[Found]:
    for match in _HEADER.finditer(line):
        value, scheme = match.group("value"), match.group("scheme").lower()
        if scheme == "basic":
            if basic_pair(value):
                yield Found(match.start("value"), value, "a Basic authorization header")
            continue
        named = "authoriz" in line.lower() or scheme in {"bearer", "sso-key"}
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


def _bare(start: int, value: str) -> tuple[int, str]:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return start + 1, value[1:-1]
    return start, value
