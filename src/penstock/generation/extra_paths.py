"""Where a file of no known kind may stand, narrower than what the gate lets through (POLICY.md §4)."""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}")
_MAX_BYTES = 200
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})
_PROTECTED = frozenset(
    {
        "codeowners", "claude.md", "agents.md", "gemini.md", "security.md", "license", "license.md", "license.txt",
        "copying", "notice",
    }
)  # fmt: skip
_OWN = frozenset({"docs/cicd/readme.md", "docs/cicd/penstock.lock.json"})
_PLACES = (("docs/cicd/", (".md", ".txt")), ("k8s/", (".yaml", ".yml")))
"""Folders with the endings of files that may stand there."""


def path_problem(path: str) -> str | None:
    """Return why a file may not be written there, None when it may."""
    parts = path.lower().split("/")
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_BYTES or not _SHAPE.fullmatch(path):
        return f"it is no plain path below the repository's root, of at most {_MAX_BYTES} bytes"
    if any(part.endswith(".") for part in parts) or any(part.split(".")[0] in _DEVICES for part in parts):
        return "a part of its path is no name of a file everywhere"
    if _PROTECTED & set(parts) or "policies" in parts:
        return "it is protected"
    if path.lower() in _OWN:
        return "Penstock writes it itself; say it in notes"
    return _place_problem(path)


def _place_problem(path: str) -> str | None:
    for folder, endings in _PLACES:
        if path.startswith(folder):
            return None if path.endswith(endings) else f"files in {folder} end with {' or '.join(endings)}"
    return "extra files stand in docs/cicd (.md, .txt) or k8s (.yaml); builds and services change by steps and services"
