"""The port a JavaScript or TypeScript program listens on, read from its code, its scripts and its example settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_SOURCES = 150
"""Source files looked through; entry points come first."""
_ENTRY = re.compile(
    r"(^|/)(index|main|server|app|bin/www|www|config|env|bootstrap|start)\.?\w*\.(m|c)?[jt]sx?$|(^|/)bin/www$"
)
_SOURCE = re.compile(r"\.(m|c)?[jt]sx?$|(^|/)bin/www$")
_ASIDE = re.compile(
    r"(^|/)(tests?|__tests__|e2e|dist|build|public|coverage|examples?|docs?|cypress|scripts?|fixtures|stories)/"
    r"|\.(test|spec|d|config|stories)\.\w+$"
)
_ENV = (
    r"(?:(?:process|Bun|import\.meta)\.env|Deno\.env)"
    r"(?:\.get\(\s*['\"](?P<{0}a>\w*)['\"]\s*\)|\.(?P<{0}b>\w+)|\[['\"](?P<{0}c>\w+)['\"]\])"
)
_WITH_DEFAULT = re.compile(_ENV.format("e") + r"\s*!?\s*(?:,\s*10\s*)?\)?\s*(?:\|\||\?\?)\s*['\"]?(?P<port>\d{2,5})\b")
_SCHEMAS = re.compile(
    r"\b(?P<ea>PORT|\w+_PORT|port)['\"]?\s*:\s*[\w.]*?(?:Joi|z|t|envalid|yup|v|port|num"
    r"|coerce)\b[^\n;]{0,80}?(?:default\(|default:\s*)['\"]?(?P<port>\d{2,5})"
    r"|\{[^}\n]{0,80}?\b(?P<eb>PORT"
    r"|port)\s*(?::\s*\w+\s*)?=\s*['\"]?(?P<port2>\d{2,5})[^}\n]{0,80}\}\s*=\s*process\.env"
    r"|(?:get|num|number|int|port|getOrThrow)(?:<\w+>)?\(\s*['\"](?P<ec>[\w.]*PORT|port)['\"]\s*\)?\s*(?:,|\|\|"
    r"|\?\?)\s*['\"]?(?P<port3>\d{2,5})",
)
_FIXED = re.compile(
    r"\.listen\(\s*(?P<a>\d{2,5})\b|\.listen\(\s*\{[^}]{0,200}?\bport:\s*(?P<b>\d{2,5})\b"
    r"|\bserve\(\s*\{[^;]{0,300}?\bport:\s*(?P<c>\d{2,5})\b"
    r"|\b(?:const|let|var)\s+(?:port|PORT)(?:\s*:\s*\w+)?\s*=\s*(?P<d>\d{2,5})\b"
    r"|\.bindAsync\(\s*['\"`][^'\"`]*:(?P<e>\d{2,5})['\"`]"
)
_PLAIN = re.compile(_ENV.format("e"))
_LISTENS = re.compile(r"\.listen\(|\bserve\(|\bbindAsync\(|createServer\(")
_NOT_OURS = re.compile(
    r"^(DB|DATABASE|PG|POSTGRES\w*|MYSQL|MONGO\w*|REDIS|SMTP|MAIL|EMAIL|KAFKA|RABBIT\w*|ELASTIC\w*|METRICS|DEBUG"
    r"|PROXY|MINIO|SFTP|FTP)\w*_?PORT$",
    re.IGNORECASE,
)
_FLAG = re.compile(r"(?:\s-p|\s--port)[ =](\d{2,5})\b|(?:^|\s)PORT=(\d{2,5})\b")


def port_of(folder: Folder, script: str | None, script_line: int | None) -> tuple[Fact[int] | None, str | None, bool]:
    """Return the port, the variable that moves it (None: fixed) and whether any code listens at all."""
    fixed: Fact[int] | None = None
    variable: str | None = None
    listens = False
    for name in sources(folder):
        text = folder.text(name) or ""
        if "ort" not in text.lower() and ".listen(" not in text:
            continue
        found = _declared(text)
        listens = listens or bool(_LISTENS.search(text))
        if found is not None:
            port, env, line = found
            if env is not None:
                return folder.fact(port, name, line), env, True
            fixed = fixed or folder.fact(port, name, line)
        plain = next((env for match in _PLAIN.finditer(text) if (env := _name(match)) in {"PORT", "port"}), None)
        variable = variable or plain
    if fixed is not None:
        return fixed, variable, True
    match = _FLAG.search(script or "")
    if match:
        fact = folder.fact(int(match[1] or match[2]), "package.json", script_line, (script or "")[:80])
        return fact, variable or ("PORT" if match[2] else None), True
    return _example(folder), variable, listens or variable is not None


def sources(folder: Folder) -> list[str]:
    """Return the program's own source files, entry points first, a bounded number of them."""
    own = [name for name in folder.below if _SOURCE.search(name) and not _ASIDE.search(name)]
    own.sort(key=lambda name: (not _ENTRY.search(name), name.count("/"), name))
    return own[:MAX_SOURCES]


def _declared(text: str) -> tuple[int, str | None, int] | None:
    for match in _WITH_DEFAULT.finditer(text):
        env = _name(match)
        if env is not None and "PORT" in env.upper() and not _NOT_OURS.match(env):
            return _valid(match["port"], env, text, match.start())
    for match in _SCHEMAS.finditer(text):
        env = match["ea"] or match["eb"] or match["ec"]
        if env is not None and not _NOT_OURS.match(env):
            return _valid(
                match["port"] or match["port2"] or match["port3"], env.rpartition(".")[2], text, match.start()
            )
    fixed = _FIXED.search(text)
    if fixed is None:
        return None
    return _valid(next(value for value in fixed.groupdict().values() if value), None, text, fixed.start())


def _name(match: re.Match[str]) -> str | None:
    return match["ea"] or match["eb"] or match["ec"]


def _valid(port: str, env: str | None, text: str, start: int) -> tuple[int, str | None, int] | None:
    number = int(port)
    return (number, env, text.count("\n", 0, start) + 1) if 0 < number < 65536 else None  # noqa: PLR2004 -- ports are 16 bits


def _example(folder: Folder) -> Fact[int] | None:
    for name in (".env.example", ".env.sample", ".env.template", ".env.dist", ".env"):
        for number, line in enumerate(folder.lines(name), 1):
            match = re.match(r"\s*(?:export\s+)?(?:APP_|SERVER_)?PORT\s*=\s*['\"]?(\d{2,5})\b", line)
            if match:
                return folder.fact(int(match[1]), name, number, line.strip(), Basis.INFERRED)
    return None
