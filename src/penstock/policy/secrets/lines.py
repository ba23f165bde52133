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

from penstock.policy.secrets.credential_names import Says, what_name_says
from penstock.policy.secrets.literal_values import is_literal_secret

_LONGEST_LINE = 4_000
_TRIGGER = rb"(?i)pass|pwd|secret|token|key|cred|bearer|basic|authoriz|jwt|\bpat\b|curl|wget|mysql|mariadb|mongo|redis-cli|sshpass|docker login|ldap|htpasswd|sqlcmd|smbclient|_auth|\bpw\b|connectionstring"
_VALUE = r"""(?:\\?"(?P<dq>[^"\\\n]*)|\\?'(?P<sq>[^'\\\n]*)|(?P<bare>[^\s"'`,;&|<>(){}\[\]\\]+(?:(?<!,),(?=[^\s])[^\s"'`,;&|<>(){}\[\]=\\]+)*))"""
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{1,80}"
_ASSIGNMENT = re.compile(rf"""(?P<name>{_NAME})\\?["']?\]?\s{{0,8}}(?:=>|:=|\?=|=|:)\s{{0,8}}{_VALUE}""")
_FLAG = re.compile(rf"""(?:^|[\s"'\[,])--?(?P<name>[A-Za-z][A-Za-z0-9_-]{{1,60}})["']?(?:=|,?\s+){_VALUE}""")
_REFERENCES = re.compile(r"\$\{\{[^}]*\}\}|\$\{[^}]*\}|\{\{[^}]*\}\}|\$\([^)]*\)")
_DEFAULT = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_.]*)(?::?[-=]|:(?![?+]))(?P<value>[^}$\s\"']{3,})\}")
_HEADER = re.compile(r"(?i)\b(?P<scheme>bearer|basic|token|apikey|negotiate|sso-key)\s+[\"']?(?P<value>[A-Za-z0-9._~+/:=-]{8,})")
_COMMANDS = tuple(
    (words, re.compile(pattern))
    for words, pattern in (
        ("a password on the command line of a database client", r"\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|mycli)\b(?:\s+\S+)*?\s+-p(?P<value>[^\s\"'|;&]+|'[^']+'|\"[^\"]+\")"),
        ("user:password for curl or wget", r"\b(?:curl|http|https|xh|wget)\b[^|;\n]*?\s(?:-u|--user|--proxy-user|-a|--auth|-U)[=\s]*[\"']?[^\s:\"'$]+:(?P<value>[^\s\"'|;]+)"),
        ("a password for sshpass", r"\bsshpass\s+-p\s*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for redis-cli", r"\bredis-cli\b[^|;\n]*?\s(?:-a|--pass)\s+(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for a registry", r"\b(?:docker|podman|helm registry|oras|crane auth|skopeo|nerdctl|buildah|regctl registry)\s+login\b[^|;\n]*?\s-p[\s=]*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password piped into a log-in", r"\b(?:echo|printf)\s+(?:-n\s+|'%s'\s+|\"%s\"\s+)?(?P<value>'[^']+'|\"[^\"]+\"|[^\s|]+)\s*\|\s*[^|;\n]*(?:--password-stdin|--with-token|--stdin-password|passwd|chpasswd|sudo\s+-S)"),
        ("a password for mongo", r"\bmongo(?:sh|dump|restore|import|export)?\b[^|;\n]*?\s(?:-p|--password)[\s=]*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for a directory server", r"\b(?:ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd)\b[^|;\n]*?\s-w\s*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for sqlcmd", r"\bsqlcmd\b[^|;\n]*?\s-P\s*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for az or another cloud log-in", r"\b(?:az|cf|oc|ibmcloud|twine|lftp|smbclient|az acr)\b[^|;\n]*?\b(?:login|upload)\b[^|;\n]*?\s-p[\s=]*(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a password for htpasswd", r"\bhtpasswd\b(?:\s+-[A-Za-z]+)*\s+-[A-Za-z]*b[A-Za-z]*(?:\s+-[A-Za-z]+)*\s+(?:\S+\s+)?\S+\s+(?P<value>'[^']+'|\"[^\"]+\"|[^\s]+)"),
        ("a passphrase for openssl", r"\s-pass(?:in|out)?\s+[\"']?pass:(?P<value>[^\s\"']+)"),
        ("a password in netrc form", r"(?i)\blogin\s+\S+\s+password\s+(?P<value>\S+)"),
        ("a user:password pair for chpasswd", r"\b(?:echo|printf)\s+[\"']?[A-Za-z_][\w-]*:(?P<value>[^\s\"'|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd"),
        ("an npm log-in", r"_auth(?:Token)?\s*=\s*(?P<value>[^\s\"']+)"),
    )
)  # fmt: skip
_PAIR_LINES = rb"(?m)^[ \t]*-?[ \t]*\"?name\"?:[ \t]*[\"']?([A-Za-z_][A-Za-z0-9_.-]*)[\"']?,?[ \t]*\r?\n[ \t]*\"?value\"?:[ \t]*[\"']?([^\s\"']+)"


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
    for words, pattern in _COMMANDS:
        for match in pattern.finditer(line):
            start, value = _bare(match.start("value"), match.group("value"))
            if is_literal_secret("", value, Says.PASSWORD) or _short_password(value):
                yield Found(start, value, words)
    yield from _header_hits(line)
    for pattern in (_FLAG,) if style is Style.WORDS else (_ASSIGNMENT, _FLAG):
        yield from _named_hits(pattern, line, style)


def _default_hits(line: str) -> Iterator[Found]:
    """``${PASSWORD:-literal}``: the default is in the file, whatever the environment says later."""
    for match in _DEFAULT.finditer(line):
        name, value = match.group("name"), match.group("value")
        if is_literal_secret(name, value, what_name_says(name)):
            yield Found(match.start("value"), value, f"a literal default for {name[:60]}")


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
    """A bare word that goes on as a call, an index or a sentence is not a literal."""
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
            if _basic_pair(value):
                yield Found(match.start("value"), value, "a Basic authorization header")
            continue
        named = "authoriz" in line.lower() or scheme in {"bearer", "sso-key"}
        if named and is_literal_secret("", value, Says.CREDENTIAL) and (any(c.isdigit() for c in value) or len(value) > 24):  # noqa: PLR2004 -- a long opaque word
            yield Found(match.start("value"), value, f"a literal {scheme} token")


def _basic_pair(value: str) -> bool:
    """Whether base64 holds ``user:password`` with a password that is one."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return False
    user, colon, password = decoded.partition(":")
    return bool(colon and user.isprintable() and password.isprintable()) and not password.startswith(("$", "{", "<"))


def _short_password(value: str) -> bool:
    """A command's own password option leaves no doubt, so four letters are enough."""
    return 4 <= len(value) < 6 and value.isalnum() and value.lower() not in {"pass", "test", "none", "true"}  # noqa: PLR2004 -- see above


def _bare(start: int, value: str) -> tuple[int, str]:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return start + 1, value[1:-1]
    return start, value
