"""Errors in words on the terminal, or as one JSON document."""

from __future__ import annotations

import json
import sys
from typing import Any

from penstock.errors import DeliveryConflict, PenstockError, PolicyViolations


def tell_error(problem: PenstockError, *, as_json: bool) -> None:
    """Print what happened and what to do next, on stderr (JSON: on stdout, where a program reads)."""
    if as_json:
        from penstock.pipelines.answers import decision_document

        extra = {key: value for key, value in problem.extra.items() if isinstance(value, str | int | float | list)}
        document: dict[str, Any] = {
            "error": problem.title,
            "type": problem.slug,
            "detail": problem.message,
            "next": list(problem.steps),
            **extra,
        }
        if isinstance(problem, PolicyViolations):
            document["policy"] = decision_document(problem.decision)
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    lines = [f"{problem.title}: {printable(problem.message)}"]
    if isinstance(problem, PolicyViolations):
        lines += [
            f"  {each.file}:{each.line}:{each.column} {each.rule}: {printable(each.message)}\n      {each.remediation}"
            for each in problem.decision.violations
        ]
    if isinstance(problem, DeliveryConflict):
        lines += [f"  {printable(str(path))}" for path in problem.extra.get("paths", [])]
    lines += [f"  -> {step}" for step in problem.steps]
    sys.stderr.write("\n".join(lines) + "\n")


def printable(text: str) -> str:
    """Return the text with control characters made visible: a repository's words must not steer the terminal."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )
