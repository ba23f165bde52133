"""Searches in source files that know the line they hit, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_SOURCES = 150
"""Source files of one folder that are searched; entry points should come first."""
MAX_PORT = 65_535
_ASIDE = re.compile(
    r"(^|/)(tests?|testing|testdata|spec|specs|docs?|examples?|samples?|fixtures|migrations|build|dist|target|bin|obj|vendor"
    r"|benchmarks?|scripts?|tools?|hack|third_party|site-packages|\.[^/]+)/"
)
_NOT_OURS = re.compile(
    r"^(DB|DATABASE|PG|POSTGRES|MYSQL|MONGO|REDIS|SMTP|MAIL|EMAIL|KAFKA|RABBIT|ELASTIC|METRICS|DEBUG|PROXY|MINIO|FTP|AMQP)",
    re.IGNORECASE,
)
"""Variables of that kind name somebody else's port."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A match with the file and 1-based line it was found on."""

    name: str
    line: int
    match: re.Match[str]


def first(folder: Folder, names: Iterable[str], pattern: re.Pattern[str]) -> Hit | None:
    """Return the first match in the files, in their order."""
    for name in names:
        text = folder.text(name)
        match = pattern.search(text) if text else None
        if text is not None and match is not None:
            return Hit(name, text.count("\n", 0, match.start()) + 1, match)
    return None


def hit_fact(folder: Folder, hit: Hit, value: str, detail: str = "", basis: Basis = Basis.FILE) -> Fact[str]:
    """Return a fact for what a match showed."""
    return folder.fact(value, hit.name, hit.line, detail or hit.match.group().strip()[:80], basis)


def sources(folder: Folder, endings: tuple[str, ...], entries: re.Pattern[str]) -> list[str]:
    """Return the program's own source files, entry points first, a bounded number of them."""
    own = [name for name in folder.below if name.endswith(endings) and not _ASIDE.search(name)]
    own.sort(key=lambda name: (not entries.search(name), name.count("/"), name))
    return own[:MAX_SOURCES]


def port_in(
    folder: Folder, names: Iterable[str], patterns: tuple[re.Pattern[str], ...]
) -> tuple[Fact[int], str | None] | None:
    """Return the first port the patterns find, the patterns in order; groups ``port`` and, optionally, ``env``."""
    files = tuple(names)
    for pattern in patterns:
        for name in files:
            text = folder.text(name)
            for match in pattern.finditer(text) if text else ():
                groups = match.groupdict()
                env, port = groups.get("env"), valid_port(groups["port"])
                if port is None or (env and _NOT_OURS.match(env)):
                    continue
                line = (text or "").count("\n", 0, match.start("port")) + 1
                return folder.fact(port, name, line, match.group().strip()[:80]), env
    return None


def valid_port(text: str | None) -> int | None:
    """Return a port written in ASCII digits, None when it is none."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 5:  # noqa: PLR2004 -- ports have five digits at most
        return None
    return int(text) if 0 < int(text) <= MAX_PORT else None
