"""Which paths Penstock may write (POLICY.md §4): an allow-list of globs, and what is protected whatever it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from penstock.policy.finding import Finding, here

RULE = "compliance.change.protected_paths"
WRITE_ALLOW = (
    "cloudbuild*.yaml", "clouddeploy.yaml", "clouddeploy-pipeline.yaml", "skaffold.yaml", "Dockerfile", "k8s/**",
    "deploy/**", "docs/cicd/**", "**/Dockerfile", "**/.dockerignore",
)  # fmt: skip
"""Globs that generated files must match: ``*`` stays inside a folder, ``**/`` is any number of folders."""

_SHAPE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}\Z")
_MAX_BYTES = 200
_DOT_NAMES = re.compile(r"(^|/)\.dockerignore$")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})
_PROTECTED_NAMES = frozenset(
    {
        "codeowners", "claude.md", "agents.md", "gemini.md", "security.md", "license", "license.md", "license.txt",
        "copying", "notice",
    }
)  # fmt: skip
_PROTECTED_STARTS = (
    ".git", ".github", ".claude", ".cursor", ".clinerules", ".cline", ".windsurf", ".aider", ".roo", ".gemini",
    ".agents", "policies",
)  # fmt: skip


def path_problem(path: str, write_allow: Sequence[str] = ()) -> str | None:
    """Return why a path may not be written, None when it may. ``write_allow`` adds globs; protection always wins."""
    return _shape_problem(path) or _protected_problem(path) or _allow_problem(path, (*WRITE_ALLOW, *write_allow))


def path_findings(paths: Iterable[str], write_allow: Sequence[str] = ()) -> list[Finding]:
    """Judge the paths of files that are about to be written: each by itself, and against each other."""
    found: list[Finding] = []
    seen: dict[str, str] = {}
    for path in paths:
        problem = path_problem(path, write_allow)
        folded = path.casefold().rstrip(". ")
        if problem is None and folded in seen:
            problem = f"it is the same file as {seen[folded]} where case does not count"
        seen.setdefault(folded, path)
        if problem:
            found.append(here(RULE, problem).of(path, 0))
    return found


def _shape_problem(path: str) -> str | None:
    if not path or len(path.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        return f"a path has 1 to {_MAX_BYTES} bytes"
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "it is not a plain path below the repository's root"
    without_dot = "/".join([*parts[:-1], parts[-1].removeprefix(".") if _DOT_NAMES.search(path) else parts[-1]])
    if not _SHAPE.match(without_dot) or not path.isascii():
        return "it holds characters, or a depth, that Penstock does not write"
    if any(part.endswith(".") for part in parts):
        return "a part ends with a dot"
    if any(part.split(".")[0].lower() in _DEVICES for part in parts):
        return "a part is a device name on Windows"
    return None


def _protected_problem(path: str) -> str | None:
    parts = path.lower().split("/")
    if parts[-1] in _PROTECTED_NAMES:
        return f"{parts[-1]} is protected"
    for part in parts:
        if part.startswith(_PROTECTED_STARTS) and part != ".gitignore":
            return f"{part} is protected"
    if parts[-1].endswith(".rego"):
        return "policy files are protected"
    return None


def _allow_problem(path: str, globs: tuple[str, ...]) -> str | None:
    if any(_compiled(glob).match(path) for glob in globs):
        return None
    return "it is outside the paths Penstock may write"


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    pattern = ""
    for token in re.split(r"(\*\*/|\*\*|\*|\?)", glob):
        pattern += {"**/": "(?:[^/]+/)*", "**": ".+", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token))
    return re.compile(rf"^{pattern}\Z")
