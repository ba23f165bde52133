"""Errors in words on the terminal, or as one JSON document."""

from __future__ import annotations

import json
import sys
from typing import Any

from penstock.errors import DeliveryConflict, InvalidConfiguration, InvalidRequest, PenstockError, PolicyViolations


def tell_error(problem: PenstockError, *, as_json: bool) -> None:
    """Print what happened and what to do next, on stderr (JSON: on stdout, where a program reads)."""
    if as_json:
        from penstock.pipelines.answers import decision_document

        extra = {key: value for key, value in problem.extra.items() if isinstance(value, str | int | float | list)}
        document: dict[str, Any] = {
            "error": problem.title,
            "type": problem.slug,
            "detail": problem.message,
            "next": list(_steps(problem)),
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
    named = [_as_typed(str(field)) for field in problem.extra.get("fields") or ()]
    if isinstance(problem, InvalidConfiguration) and any(named):
        told.append(f"  see: {', '.join(printable(field) for field in named if field)}")
    told += [f"  -> {printable(step)}" for step in _steps(problem)]
    sys.stderr.write("\n".join(told) + "\n")


_TYPED = {
    "files": "", "service_context": "", "delivery": "--branch", "options.branch": "--release-branch",
    "delivery_branch": "--branch", "options.delivery_branch": "--branch", "options.delivery": "--branch",
    "options.environments": "--env", "service_name": "--service-name", "service_context.path": "--path",
    "intent": "the sentence",
}  # fmt: skip
"""What a field of a request is called at the command line; nothing where it has no name there."""
_RESEND = frozenset({*InvalidRequest.next_steps, *InvalidConfiguration.next_steps})
_RUN_AGAIN = "Correct it, then run the command again."


def _as_typed(field: str) -> str:
    return _TYPED.get(field, f"--{field.removeprefix('options.')}" if field.startswith("options.") else field)


def _steps(problem: PenstockError) -> tuple[str, ...]:
    """Return what to do next, in words of the command line: nothing is sent from here."""
    return tuple(_RUN_AGAIN if step in _RESEND else step for step in problem.steps)


def printable(text: str, *, lines: bool = False) -> str:
    """Return the text with control characters made visible: a repository's words must not steer the terminal.

    ``lines`` keeps line ends, for texts that are Penstock's own and have several lines.
    """
    kept = "\n" if lines else ""
    return "".join(
        each if each.isprintable() or each == kept else each.encode("unicode_escape").decode() for each in text
    )
