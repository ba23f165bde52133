"""Commands that take a password on their line: database clients, downloads, log-ins.

Searched with RE2, whose time is linear in the line: these patterns look far ahead, and lines come from strangers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

_WORD = r"('[^']+'|\"[^\"]+\"|\S+)"
"""One word of a shell line, quoted or not."""
_REST = r"[^|;\n]*?"
"""The rest of the same command, up to what follows."""
_MYSQL = r"mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|mycli"
_REGISTRY = r"docker|podman|helm registry|oras|crane auth|skopeo|nerdctl|buildah|regctl registry"
_UPLOAD = r"az|cf|oc|ibmcloud|twine|lftp|smbclient|az acr"
_TAKES_STDIN = r"--password-stdin|--with-token|--stdin-password|passwd|chpasswd|sudo\s+-S"
_HTPASSWD = r"\bhtpasswd\b(?:\s+-[A-Za-z]+)*\s+-[A-Za-z]*b[A-Za-z]*(?:\s+-[A-Za-z]+)*\s+(?:\S+\s+)?\S+\s+"


@dataclass(frozen=True, slots=True)
class Command:
    """One shape: ``words`` say what it is, one of ``keys`` is in the line, group 1 is the password."""

    words: str
    keys: tuple[str, ...]
    pattern: str


COMMANDS = (
    Command(
        "a password on the command line of a database client",
        ("mysql", "mariadb", "mycli"),
        rf"\b(?:{_MYSQL})\b(?:\s+\S+)*?\s+-p([^\s\"'|;&]+|'[^']+'|\"[^\"]+\")",
    ),
    Command(
        "user:password for curl or wget",
        ("curl", "wget", "xh ", "http ", "https "),
        rf"\b(?:curl|http|https|xh|wget)\b{_REST}\s(?:-u|--user|--proxy-user|-a|--auth|-U)[=\s]*"
        r"[\"']?[^\s:\"'$]+:([^\s\"'|;]+)",
    ),
    Command("a password for sshpass", ("sshpass",), rf"\bsshpass\s+-p\s*{_WORD}"),
    Command("a password for redis-cli", ("redis-cli",), rf"\bredis-cli\b{_REST}\s(?:-a|--pass)\s+{_WORD}"),
    Command("a password for a registry", ("login",), rf"\b(?:{_REGISTRY})\s+login\b{_REST}\s-p[\s=]*{_WORD}"),
    Command(
        "a password piped into a log-in",
        ("passw", "--with-token", "sudo"),
        r"\b(?:echo|printf)\s+(?:-n\s+|'%s'\s+|\"%s\"\s+)?('[^']+'|\"[^\"]+\"|[^\s|]+)"
        rf"\s*\|\s*[^|;\n]*(?:{_TAKES_STDIN})",
    ),
    Command(
        "a password for mongo",
        ("mongo",),
        rf"\bmongo(?:sh|dump|restore|import|export)?\b{_REST}\s(?:-p|--password)[\s=]*{_WORD}",
    ),
    Command(
        "a password for a directory server",
        ("ldap",),
        rf"\b(?:ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd)\b{_REST}\s-w\s*{_WORD}",
    ),
    Command("a password for sqlcmd", ("sqlcmd",), rf"\bsqlcmd\b{_REST}\s-P\s*{_WORD}"),
    Command(
        "a password for a log-in",
        ("login", "upload"),
        rf"\b(?:{_UPLOAD})\b{_REST}\b(?:login|upload)\b{_REST}\s-p[\s=]*{_WORD}",
    ),
    Command("a password for htpasswd", ("htpasswd",), _HTPASSWD + _WORD),
    Command("a passphrase for openssl", ("pass:",), r"\s-pass(?:in|out)?\s+[\"']?pass:([^\s\"']+)"),
    Command(
        "a password in netrc form",
        ("password ", "password\t"),
        r"(?i)(?:\blogin\s+\S+\s+|^\s*)password\s+(\S+)\s*$",
    ),
    Command(
        "a user:password pair for chpasswd",
        ("chpasswd",),
        r"\b(?:echo|printf)\s+[\"']?[A-Za-z_][\w-]*:([^\s\"'|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd",
    ),
    Command(
        "a credential given to a configuration command",
        ("config",),
        r"(?i)\b(?:config|configure)\s+set\s+(?:--\S+\s+)*\S*(?:_auth|token|passw|secret|api.?key)\S*[\s=]+"
        r"('[^']+'|\"[^\"]+\"|\S+)",
    ),
    Command("a passphrase for a key", ("ssh-keygen",), rf"\bssh-keygen\b{_REST}\s-[NP]\s+{_WORD}"),
    Command("a password for a new user", ("useradd", "usermod"), rf"\buser(?:add|mod)\b{_REST}\s-p\s+{_WORD}"),
    Command("user%password for smbclient", ("smbclient",), rf"\bsmbclient\b{_REST}\s-U\s*['\"]?[^\s%]+%([^\s'\"]+)"),
    Command("an npm log-in", ("_auth",), r"(?:^|[\s:])_auth(?:Token)?\s*=\s*([^\s\"']+)"),
)
_ANY_KEY = re.compile("|".join(sorted({re.escape(key) for command in COMMANDS for key in command.keys})))


def command_values(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield (start, value, what it is) for the passwords that commands of a line are given."""
    if not _ANY_KEY.search(line):
        return
    for command in COMMANDS:
        if any(key in line for key in command.keys):
            for match in _compiled(command.pattern).finditer(line):
                yield (*_unquoted(match.start(1), match.group(1)), command.words)


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def _unquoted(start: int, value: str) -> tuple[int, str]:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return start + 1, value[1:-1]
    return start, value
