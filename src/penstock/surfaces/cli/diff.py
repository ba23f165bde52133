"""The diff a dry run shows: what would change in the folder."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from penstock.domain.artifacts import Artifact
from penstock.surfaces.cli.tell import printable


def diff_lines(root: Path, artifacts: Sequence[Artifact]) -> list[str]:
    """Return a unified diff from the folder's files to the artifacts."""
    lines = ["", "Diff (nothing was written)"]
    for artifact in artifacts:
        target = root / artifact.path
        before = target.read_bytes().decode(errors="replace") if target.is_file() else ""
        if before == artifact.text:
            continue
        old = f"a/{artifact.path}" if target.is_file() else "/dev/null"
        changes = difflib.unified_diff(
            before.splitlines(), artifact.text.splitlines(), old, f"b/{artifact.path}", lineterm=""
        )
        lines += [printable(line) for line in changes]
    return lines if len(lines) > 2 else ["", "Diff: nothing would change."]  # noqa: PLR2004 -- the two lines of the heading
