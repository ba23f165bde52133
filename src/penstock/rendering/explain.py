"""Why does this line stand here? Answered from the lock file alone, so it works in any clone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from penstock.domain.artifacts import LineOrigin
from penstock.domain.spec import Origin
from penstock.errors import InvalidRequest, PathProblem
from penstock.rendering.characters import one_line
from penstock.rendering.lockfile import LOCK_FILE, lines_of

_KINDS = {
    "fact": "It was read from the repository",
    "skill": "It is what the skill does here",
    "policy": "A policy demands it",
    "model": "The model chose it",
    "default": "It is Penstock's default",
    "request": "You asked for it",
    "intent": "Your sentence asked for it",
}
"""How each kind of origin is said to a reader."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one line of a generated file comes from. ``sentence`` says it in words."""

    file: str
    line: int
    template: str
    """``skill@version assets/templates/<name>:<line>``, empty for a file that no template makes."""
    skill: str
    kind: str | None
    """Kind of the spec node's origin, None when the template alone put the line there."""
    ref: str
    because: tuple[str, ...]
    sentence: str


def explain(lock: bytes, path: str, line: int, *, content: bytes | None = None) -> Explanation:
    """Explain a line (1-based) of a generated file. ``content``: the file as it is now; the lock must know its hash.

    Raises PathProblem for a lock that cannot be read, a file Penstock did not write or that was edited since,
    InvalidRequest for a line the file does not have.
    """
    if path == LOCK_FILE:
        sentence = (
            "Penstock writes this file itself: it records the skills, the hash of each file and each line's origin."
        )
        return Explanation(path, line, "", "", None, "", (), sentence)
    document = _parsed(lock)
    runs = _runs_of(document, path)
    if content is not None and document["files"][path].get("sha256") != hashlib.sha256(content).hexdigest():
        message = (
            f"{one_line(path)[:200]} was edited since Penstock wrote it, so its lines are no longer the recorded ones."
        )
        steps = ("Run `penstock generate` again with --overwrite to have the file as Penstock writes it.",)
        raise PathProblem(message, next_steps=steps)
    last = max((run.last for run in runs), default=0)
    found = next((run for run in runs if run.first <= line <= run.last), None)
    if found is None:
        message = f"{one_line(path)[:200]} has {last} lines as Penstock wrote it, so there is no line {line}."
        raise InvalidRequest(message, next_steps=("Name a line of the file as it was generated.",))
    return _explained(path, line, found)


def _parsed(lock: bytes) -> dict[str, Any]:
    try:
        document = json.loads(lock)
        document["files"].keys()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise _unreadable() from problem
    return dict(document)


def _runs_of(document: dict[str, Any], path: str) -> list[LineOrigin]:
    if path not in document["files"]:
        message = f"{one_line(path)[:200]} was not written by Penstock: {LOCK_FILE} does not list it."
        raise PathProblem(message, next_steps=(f"Look into {LOCK_FILE} for the files it lists.",))
    try:
        return lines_of(document, path)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as problem:
        raise _unreadable() from problem


def _unreadable() -> PathProblem:
    return PathProblem(
        f"{LOCK_FILE} cannot be read: it is not a lock file of this version of Penstock.",
        next_steps=("Run `penstock generate` again with --overwrite; it writes the files and the lock file anew.",),
    )


def _explained(path: str, line: int, found: LineOrigin) -> Explanation:
    skill, _, place = found.template.partition(" ")
    sentence = f"Line {line} of {path} is written by the skill {skill} ({place})." if place else f"{path}: {skill}."
    origin = found.origin
    if origin is None:
        sentence += " The template itself puts it there; no value of this pipeline is in it."
        return Explanation(path, line, found.template, skill, None, "", (), sentence)
    sentence += f" {_reason(origin)}"
    return Explanation(path, line, found.template, skill, origin.kind, origin.ref, origin.because, sentence)


def _reason(origin: Origin) -> str:
    reason = f"{_KINDS[origin.kind]}: {origin.ref}"
    if origin.because:
        reason += f", because of {'; '.join(origin.because)}"
    return f"{reason}."
