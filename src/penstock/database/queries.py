"""Reads queries.sql: each statement has a name, a comment that says what it is for, and its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: *(\S.*)$", re.MULTILINE)
_GOOD_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def parse_queries(text: str) -> dict[str, str]:
    """Return the statements by name, without comments and the last semicolon.

    Raises ValueError for a bad or repeated name, a statement without a comment, an empty one, or two in one.
    """
    found: dict[str, str] = {}
    parts = _NAME.split(text)
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        name = heading.strip()
        lines = body.strip().splitlines()
        comment = [line for line in lines if line.startswith("--")]
        statement = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
        if not _GOOD_NAME.match(name) or name in found:
            raise ValueError(f"query {name!r}: a bad name, or one used twice")
        if not comment:
            raise ValueError(f"query {name}: no comment says what it is for")
        if not statement.endswith(";") or statement.count(";") != 1 or statement == ";":
            raise ValueError(f"query {name}: not exactly one statement")
        found[name] = statement[:-1].rstrip()
    return found


@cache
def queries() -> Mapping[str, str]:
    """Return the statements of queries.sql."""
    return parse_queries((files("penstock.database") / "queries.sql").read_text())
