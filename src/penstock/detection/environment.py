"""Environment variables the code reads, with the places; which of them hold a credential is told from their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.python_settings import settings_variables
from penstock.domain.facts import EnvVar

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_SOURCES = 300
MAX_SEARCHED = 2_000
"""Source files searched for one service and for a whole repository: a bound on time, told as a gap when it is met."""
MAX_VARIABLES = 80
_NAME = r"([A-Za-z_][A-Za-z0-9_]*)"
_JS = re.compile(
    rf"(?:process|Bun|import\.meta)\.env(?:\.{_NAME}|\[\s*['\"]{_NAME}['\"]\s*\])(?:\s*(?:\|\||\?\?)\s*['\"`]?([\w./:@-]{{1,80}}))?"
    rf"|Deno\.env\.get\(\s*['\"]{_NAME}['\"]"
)
_PYTHON = re.compile(
    rf"(?:os\.environ\.get|os\.getenv|environ\.get|getenv|\benv(?:\.\w+)?|\bconfig)\(\s*['\"]{_NAME}['\"](?:\s*,\s*(?:default\s*=\s*)?['\"]?([\w./:@-]{{1,80}}))?"
    rf"|environ\[\s*['\"]{_NAME}['\"]\s*\]"
)
_JVM = re.compile(
    rf"(?:System\.getenv|getenv|sys\.env\.get|sys\.env)\(\s*\"{_NAME}\"|\$\{{\??([A-Z][A-Z0-9_]*)(?::([^}}\n]{{0,80}}))?\}}"
)
_GO = re.compile(
    rf"os\.(?:Getenv|LookupEnv)\(\s*[\"`]{_NAME}[\"`]|(?:envconfig|env):\"{_NAME}"
    r"|\b(?!\w*(?:[sS]et|Write|Expand)[eE]nv)\w{0,24}[eE]nv(?:Or|Var|String|Int|Bool|Default)?\w{0,12}"
    r"\(\s*(?:&?[\w.]{1,60}\s*,\s*)?\"([A-Z][A-Z0-9_]{2,60})\"(?:\s*,\s*\"([^\"\n]{1,80})\")?"
)
"""The last is a program's own helper: mustMapEnv(&address, "CART_ADDR"), getEnvOr("MODE", "fast")."""
_RUBY = re.compile(
    rf"ENV(?:\.fetch\(\s*['\"]{_NAME}['\"]\s*\)?(?:,?\s*\{{?\s*['\"]?([\w./:@-]{{1,80}}))?|\[\s*['\"]{_NAME}['\"]\s*\])"
)
_PHP = re.compile(rf"(?:\benv|getenv)\(\s*['\"]{_NAME}['\"]|\$_(?:ENV|SERVER)\[\s*['\"]{_NAME}['\"]\s*\]")
_DOTNET = re.compile(rf"GetEnvironmentVariable\(\s*\"{_NAME}\"")
_RUST = re.compile(rf"env::var(?:_os)?\(\s*\"{_NAME}\"|\benv!\(\s*\"{_NAME}\"")
_ELIXIR = re.compile(rf"System\.(?:get_env|fetch_env!?)\(\s*\"{_NAME}\"(?:\s*,\s*\"([^\"]{{1,80}})\")?")
_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    ((".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx", ".vue", ".svelte"), _JS, ".env"),
    ((".py",), _PYTHON, "env"),
    ((".java", ".kt", ".scala", "application.properties", "application.yml", "application.yaml", ".conf"), _JVM, ""),
    ((".go",), _GO, "nv"),
    ((".rb", ".ru", "database.yml", "Rakefile"), _RUBY, "ENV"),
    ((".php",), _PHP, ""),
    ((".cs", ".fs"), _DOTNET, "GetEnvironmentVariable"),
    ((".rs",), _RUST, "env"),
    ((".ex", ".exs"), _ELIXIR, "System."),
)
_SECRET = re.compile(
    r"SECRET|PASSW(OR)?D|PASSPHRASE|(^|_)PASS$|(^|_)PWD$|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|ENCRYPTION_?KEY"
    r"|SIGNING_?KEY|MASTER_?KEY|CREDENTIAL|(^|_)DSN$"
    r"|CONNECTION_?STRING|(^|_)SALT$|(DATABASE|POSTGRES\w*|MYSQL|MONGO\w*|REDIS|AMQP|RABBITMQ|DB)_(URL|URI)$"
    r"|WEBHOOK_?URL|JWT_?KEY|(^|_)KEY$|AUTH_KEY",
    re.IGNORECASE,
)  # fmt: skip
_NOT_SECRET = re.compile(
    r"PUBLIC|EXPIR|_TTL$|_FILE$|_PATH$|_MINUTES$|_DAYS$|_SECONDS$|_LENGTH$|_NAME$|_ENABLED$|_HEADER$|_ALGORITHM$"
    r"|_URL_PREFIX$",
    re.IGNORECASE,
)
_SYSTEM = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "SHELL",
        "PWD",
        "LANG",
        "TERM",
        "TMPDIR",
        "HOSTNAME",
        "CI",
        "basedir",
        "project",
        "env",
        "user",
    }
)
_ASIDE = re.compile(
    r"(^|/)(tests?|__tests__|spec|e2e|dist|build|target|examples?|docs?|fixtures|testdata|cypress|\.github"
    r"|\.devcontainer)/|(_test|\.test|\.spec)\.\w+$|(^|/)(test_[^/]+|conftest)\.py$"
)


def is_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a credential."""
    return bool(_SECRET.search(name)) and not _NOT_SECRET.search(name)


def variables_of(folder: Folder, others: tuple[str, ...] = ()) -> tuple[EnvVar, ...]:
    """Return the variables read below a folder, leaving out folders of other services, sorted by name."""
    found: dict[str, EnvVar] = {}
    elsewhere = tuple(f"{other}/" for other in others)
    looked = 0
    for path in sorted(folder.below, key=lambda each: (each.count("/"), each)):
        pattern, word = _pattern(path)
        if pattern is None or path.startswith(elsewhere) or _ASIDE.search(path):
            continue
        looked += 1
        folder.readings.searched += 1
        if looked > MAX_SOURCES or len(found) >= MAX_VARIABLES or folder.readings.searched > MAX_SEARCHED:
            folder.gap("env", "only the first source files were searched for environment variables")
            break
        if folder.mentions(path, word):
            _collect(folder, path, folder.text(path) or "", pattern, found)
        if path.endswith(".py") and folder.mentions(path, "BaseSettings"):
            _of_settings(folder, path, found)
    for name in (".env.example", ".env.sample", ".env.template", ".env.dist"):
        _example(folder, name, found)
    return tuple(found[name] for name in sorted(found))


def _of_settings(folder: Folder, path: str, found: dict[str, EnvVar]) -> None:
    for name, line, default in settings_variables(folder.text(path) or ""):
        if name not in found and name not in _SYSTEM and len(found) < MAX_VARIABLES:
            secret = is_secret(name)
            found[name] = EnvVar(name, folder.source(path, line), secret, None if secret else default)


def _pattern(path: str) -> tuple[re.Pattern[str] | None, str]:
    return next(((pattern, word) for ends, pattern, word in _PATTERNS if path.endswith(ends)), (None, ""))


def _collect(folder: Folder, path: str, text: str, pattern: re.Pattern[str], found: dict[str, EnvVar]) -> None:
    for match in pattern.finditer(text):
        name = next((group for group in match.groups() if group), None)
        if name is None or name in _SYSTEM or name in found:
            continue
        groups = match.groups()
        default = next((group for group in groups[groups.index(name) + 1 :] if group), None)
        line = text.count("\n", 0, match.start()) + 1
        secret = is_secret(name)
        found[name] = EnvVar(name, folder.source(path, line), secret, None if secret else default)


def _example(folder: Folder, name: str, found: dict[str, EnvVar]) -> None:
    for number, line in enumerate(folder.lines(name), 1):
        match = re.match(rf"\s*(?:export\s+)?{_NAME}\s*=\s*(.*)$", line)
        if match and match[1] not in found and len(found) < MAX_VARIABLES:
            secret = is_secret(match[1])
            value = match[2].strip().strip("\"'")
            found[match[1]] = EnvVar(match[1], folder.source(name, number), secret, None if secret else value or None)
