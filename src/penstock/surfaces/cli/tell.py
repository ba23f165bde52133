"""Errors in words on the terminal, or as one JSON document."""

from __future__ import annotations

import json
import sys
from typing import Any

from penstock.errors import DeliveryConflict, InvalidConfiguration, PenstockError, PolicyViolations


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
    told = [f"{problem.title}: {printable(problem.message, lines=True)}"]
    if isinstance(problem, PolicyViolations):
        told += [
            f"  {printable(each.file)}:{each.line}:{each.column} {each.rule}: {printable(each.message)}\n"
            f"      {each.remediation}"
            for each in problem.decision.violations
        ]
    if isinstance(problem, DeliveryConflict):
        told += [f"  {printable(str(path))}" for path in problem.extra.get("paths", [])]
    if isinstance(problem, InvalidConfiguration) and problem.extra.get("fields"):
        told.append(f"  fields: {', '.join(printable(str(field)) for field in problem.extra['fields'])}")
    told += [f"  -> {printable(step)}" for step in problem.steps]
    sys.stderr.write("\n".join(told) + "\n")


def printable(text: str, *, lines: bool = False) -> str:
    """Return the text with control characters made visible: a repository's words must not steer the terminal.

    ``lines`` keeps line ends, for texts that are Penstock's own and have several lines.
    """
    kept = "\n" if lines else ""
    return "".join(
        each if each.isprintable() or each == kept else each.encode("unicode_escape").decode() for each in text
    )
