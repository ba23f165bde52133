"""Where generated files may stand (POLICY.md §4): refused here already, and judged once more by the gate."""

from __future__ import annotations

import re
from collections.abc import Iterable

from penstock.errors import InvalidConfiguration

_SHAPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}")
_MAX_BYTES = 200
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))})
_PROTECTED = frozenset({"codeowners", "claude.md", "agents.md", "gemini.md", "security.md", "license", "license.md"})
"""Names that steer reviewers or tools; names that begin with a dot are refused by the shape already."""
_ALLOWED_DOT_NAME = ".dockerignore"


def check_paths(paths: Iterable[str]) -> None:
    """Refuse the first path that may not be written. Raises InvalidConfiguration."""
    seen: dict[str, str] = {}
    for path in paths:
        problem = path_problem(path)
        folded = path.casefold()
        if problem is None and folded in seen:
            problem = "two files would be written there" if seen[folded] == path else f"it collides with {seen[folded]}"
        if problem is not None:
            raise InvalidConfiguration(f"{path[:_MAX_BYTES]!r} cannot be written: {problem}.", fields=["path"])
        seen[folded] = path


def path_problem(path: str) -> str | None:
    """Return why a path may not be written, None when it may."""
    if len(path.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        return f"it is longer than {_MAX_BYTES} bytes"
    folder, slash, name = path.rpartition("/")
    shaped = f"{folder}{slash}{name.removeprefix('.')}" if name == _ALLOWED_DOT_NAME else path
    if not _SHAPE.fullmatch(shaped):
        return "it is not a plain path below the repository's root"
    parts = path.split("/")
    if any(part.endswith(".") for part in parts):
        return "a part ends with a dot"
    if any(part.split(".")[0].lower() in _DEVICES for part in parts):
        return "a part is a device name on Windows"
    if any(part.lower() in _PROTECTED for part in parts):
        return "a part is a protected name"
    return None
