"""A fact for the rules: something that was found before Rego ran, with its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fact. ``rule`` names the Rego rule that will claim it; a fact that nobody claims is a gate failure."""

    file: str
    line: int
    column: int
    rule: str
    pointer: str = ""
    detail: str = ""
    index: int = 0
    fingerprint: str = ""

    def of(self, file: str, index: int) -> Finding:
        """Return the same finding in a document of a file."""
        return replace(self, file=file, index=index)

    def as_fact(self) -> dict[str, Any]:
        """Return the shape of ``input.facts.*``."""
        return {
            "rule": self.rule,
            "file": self.file,
            "index": self.index,
            "line": self.line,
            "column": self.column,
            "pointer": self.pointer,
            "fingerprint": self.fingerprint,
            "detail": self.detail,
        }


def here(rule: str, detail: str, *, line: int = 1, column: int = 1, pointer: str = "") -> Finding:
    """Return a finding that does not know its file yet."""
    return Finding("", line, column, rule, pointer, detail)
