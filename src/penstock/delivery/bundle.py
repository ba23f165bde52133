"""The files as a patch for ``git apply``: what a person does by hand when the host refuses (BEHAVIOUR.md C18)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from penstock.domain.artifacts import Artifact

_NO_NEWLINE = "\\ No newline at end of file\n"


def patch_of(artifacts: Sequence[Artifact], present: Mapping[str, bytes], *, title: str = "") -> bytes:
    """Return a patch from ``present`` (path -> bytes; absent: there is no such file) to the artifacts.

    Files that are right already are left out. Lines before the first ``diff`` are for people; git passes over them.
    """
    parts = [f"{line}\n" for line in title.splitlines()] + (["\n"] if title else [])
    for artifact in sorted(artifacts, key=lambda each: each.path):
        before = present.get(artifact.path)
        if before != artifact.content:
            parts += _one(artifact, before)
    return "".join(parts).encode("utf-8", "surrogateescape")


def _one(artifact: Artifact, before: bytes | None) -> Iterator[str]:
    path, mode = artifact.path, "100755" if artifact.executable else "100644"
    yield f"diff --git a/{path} b/{path}\n"
    if before is None:
        yield f"new file mode {mode}\n"
    if not artifact.content:
        return
    yield "--- /dev/null\n" if before is None else f"--- a/{path}\n"
    yield f"+++ b/{path}\n"
    old, new = _lines(before or b""), _lines(artifact.content)
    for number, line in enumerate(difflib.unified_diff(old, new, n=3)):
        if number > 1:  # its own two header lines name no file
            yield line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _lines(content: bytes) -> list[str]:
    """Return lines as git counts them: a carriage return is part of its line."""
    text = content.decode("utf-8", "surrogateescape")
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()
    return [*lines, last[:-1]] if last != "\n" else lines
