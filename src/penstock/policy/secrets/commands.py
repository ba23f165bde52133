"""Commands that take a password on their line: database clients, downloads, log-ins."""

from __future__ import annotations

import re

_WORD = r"(?P<value>'[^']+'|\"[^\"]+\"|\S+)"
"""One word of a shell line, quoted or not."""
_REST = r"[^|;\n]*?"
"""The rest of the same command, up to what follows."""
_MYSQL = r"mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|mycli"
_REGISTRY = r"docker|podman|helm registry|oras|crane auth|skopeo|nerdctl|buildah|regctl registry"
_UPLOAD = r"az|cf|oc|ibmcloud|twine|lftp|smbclient|az acr"
_TAKES_STDIN = r"--password-stdin|--with-token|--stdin-password|passwd|chpasswd|sudo\s+-S"
_HTPASSWD = r"\bhtpasswd\b(?:\s+-[A-Za-z]+)*\s+-[A-Za-z]*b[A-Za-z]*(?:\s+-[A-Za-z]+)*\s+(?:\S+\s+)?\S+\s+"

COMMANDS = tuple(
    (words, re.compile(pattern))
    for words, pattern in (
        (
            "a password on the command line of a database client",
            rf"\b(?:{_MYSQL})\b(?:\s+\S+)*?\s+-p(?P<value>[^\s\"'|;&]+|'[^']+'|\"[^\"]+\")",
        ),
        (
            "user:password for curl or wget",
            rf"\b(?:curl|http|https|xh|wget)\b{_REST}\s(?:-u|--user|--proxy-user|-a|--auth|-U)[=\s]*"
            r"[\"']?[^\s:\"'$]+:(?P<value>[^\s\"'|;]+)",
        ),
        ("a password for sshpass", rf"\bsshpass\s+-p\s*{_WORD}"),
        ("a password for redis-cli", rf"\bredis-cli\b{_REST}\s(?:-a|--pass)\s+{_WORD}"),
        ("a password for a registry", rf"\b(?:{_REGISTRY})\s+login\b{_REST}\s-p[\s=]*{_WORD}"),
        (
            "a password piped into a log-in",
            r"\b(?:echo|printf)\s+(?:-n\s+|'%s'\s+|\"%s\"\s+)?(?P<value>'[^']+'|\"[^\"]+\"|[^\s|]+)"
            rf"\s*\|\s*[^|;\n]*(?:{_TAKES_STDIN})",
        ),
        (
            "a password for mongo",
            rf"\bmongo(?:sh|dump|restore|import|export)?\b{_REST}\s(?:-p|--password)[\s=]*{_WORD}",
        ),
        (
            "a password for a directory server",
            rf"\b(?:ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd)\b{_REST}\s-w\s*{_WORD}",
        ),
        ("a password for sqlcmd", rf"\bsqlcmd\b{_REST}\s-P\s*{_WORD}"),
        ("a password for a log-in", rf"\b(?:{_UPLOAD})\b{_REST}\b(?:login|upload)\b{_REST}\s-p[\s=]*{_WORD}"),
        ("a password for htpasswd", _HTPASSWD + _WORD),
        ("a passphrase for openssl", r"\s-pass(?:in|out)?\s+[\"']?pass:(?P<value>[^\s\"']+)"),
        ("a password in netrc form", r"(?i)(?:\blogin\s+\S+\s+|^\s*)password\s+(?P<value>\S+)\s*$"),
        (
            "a user:password pair for chpasswd",
            r"\b(?:echo|printf)\s+[\"']?[A-Za-z_][\w-]*:(?P<value>[^\s\"'|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd",
        ),
        ("an npm log-in", r"_auth(?:Token)?\s*=\s*(?P<value>[^\s\"']+)"),
    )
)
"""(what it is, pattern whose group ``value`` is the password)."""
