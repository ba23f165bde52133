"""docs/cicd/penstock.lock.json: which files Penstock manages, from which skills, and why each line is there.

Line origins are kept as runs, e.g. ``5-9@0.12+^3``: lines 5 to 9 come from template 0, lines 12, 13, ... (``+``;
without it all from line 12), and the spec node that put them there is origin 3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from penstock.domain.artifacts import Artifact, LineOrigin
from penstock.domain.skills import Skill
from penstock.domain.spec import Origin

LOCK_FILE = "docs/cicd/penstock.lock.json"
SCHEMA = "penstock.lock/v1"
_RUN = re.compile(r"(\d+)(?:-(\d+))?@(\d+)\.(\d+)(\+?)(?:\^(\d+))?")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a later run keeps, also in a clone that knows less."""

    name: str = ""
    """What the repository is called, whatever the folder of a clone is called."""
    default_branch: str | None = None
    """Its default branch, where that is not the usual one."""
    chosen_target: str | None = None
    """The target when somebody chose it: a later run that names none keeps it."""


NOTHING_KEPT = Kept()


def lock_artifact(
    spec_digest: str,
    skills: Sequence[Skill],
    artifacts: Sequence[Artifact],
    *,
    kept: Kept = NOTHING_KEPT,
    former: Mapping[str, str] | None = None,
) -> Artifact:
    """Return the lock file for the artifacts: no time and no id in it, so the same pipeline has the same bytes.

    ``former`` are files (path to SHA-256) that Penstock wrote before and that are no longer part of the pipeline.
    """
    templates: dict[str, int] = {}
    origins: dict[Origin, int] = {}
    files = {}
    for artifact in sorted(artifacts, key=lambda each: each.path):
        runs = " ".join(_runs(artifact.lines, templates, origins))
        files[artifact.path] = {"sha256": artifact.sha256, "lines": runs}
    document = {
        "schema": SCHEMA,
        "name": kept.name,
        "default_branch": kept.default_branch,
        "spec_digest": spec_digest,
        "chosen_target": kept.chosen_target,
        "former": {path: {"sha256": digest} for path, digest in sorted((former or {}).items())},
        "skills": [
            {"name": skill.metadata.name, "version": skill.metadata.version, "digest": skill.metadata.digest}
            for skill in skills
        ],
        "files": files,
        "templates": list(templates),
        "origins": [_plain(origin) for origin in origins],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return Artifact(LOCK_FILE, text.encode())


def lines_of(document: Mapping[str, Any], path: str) -> list[LineOrigin]:
    """Return the line origins of a file from a parsed lock. Raises KeyError, ValueError, TypeError for a broken one."""
    templates, origins = document["templates"], document["origins"]
    found = []
    for run in document["files"][path]["lines"].split():
        match = _RUN.fullmatch(run)
        if match is None:
            message = f"{run[:40]!r} is no run of lines"
            raise ValueError(message)
        first, last = int(match[1]), int(match[2] or match[1])
        name, start, grows = templates[int(match[3])], int(match[4]), bool(match[5])
        origin = Origin(**origins[int(match[6])]) if match[6] else None
        if not grows:
            found.append(LineOrigin(first, last, f"{name}:{start}", origin))
            continue
        found += [LineOrigin(line, line, f"{name}:{start + line - first}", origin) for line in range(first, last + 1)]
    return found


def _plain(origin: Origin) -> dict[str, Any]:
    plain: dict[str, Any] = {"kind": origin.kind, "ref": origin.ref}
    if origin.because:
        plain["because"] = list(origin.because)
    return plain


@dataclass(slots=True)
class _Run:
    """Lines that follow each other in the file and in their template, with one origin."""

    first: int
    last: int
    template: int
    start: int
    origin: int | None

    def __str__(self) -> str:
        span = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        grows = "+" if self.last > self.first else ""
        return f"{span}@{self.template}.{self.start}{grows}{'' if self.origin is None else f'^{self.origin}'}"


def _runs(lines: Sequence[LineOrigin], templates: dict[str, int], origins: dict[Origin, int]) -> list[str]:
    written: list[_Run] = []
    run = _Run(0, -1, -1, 0, None)
    seen, origin = None, None
    for first, last, place, why in lines:
        name, start = _place(place)
        template = templates.setdefault(name, len(templates))
        if why is not seen:  # origins come in blocks, and hashing one takes long
            seen, origin = why, None if why is None else origins.setdefault(why, len(origins))
        for at in range(first, last + 1):
            follows = at == run.last + 1 and start == run.start + at - run.first
            if follows and template == run.template and origin == run.origin:
                run.last = at
                continue
            run = _Run(at, at, template, start, origin)
            written.append(run)
    return [str(each) for each in written]


@lru_cache(4096)
def _place(template: str) -> tuple[str, int]:
    """Return the name and the line of a place in a template."""
    name, _, number = template.rpartition(":")
    return name, int(number)
