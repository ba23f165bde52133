"""penstock explain FILE:LINE: which skill, fact, policy or default put the line there."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from penstock.delivery.local_files import present
from penstock.errors import InvalidRequest, PathProblem
from penstock.rendering.explain import explain
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

LOCK = "docs/cicd/penstock.lock.json"


async def run_explain(place: str, repo: Path | None, *, as_json: bool) -> int:
    """Print the explanation of one line. Raises InvalidRequest for a place that is not FILE:LINE, PathProblem."""
    name, _, number = place.rpartition(":")
    if not name or not number.isdigit() or int(number) < 1:
        message = f"{printable(place)} is not of the form FILE:LINE, e.g. cloudbuild.yaml:12."
        raise InvalidRequest(message, next_steps=("Name a file and a line of it, starting at 1.",))
    root, path = _locate(name, repo)
    lock, content = _bytes(root / LOCK), _bytes(root / path)
    found = explain(lock, path, int(number), content=content)
    text = _line(root / path, content, int(number))
    if as_json:
        sys.stdout.write(json.dumps({"text": text, **asdict(found)}, indent=2, default=str) + "\n")
    else:
        sys.stdout.write(f"{printable(path)}:{number}  {printable(text)}\n{printable(found.sentence)}\n")
    return exits.OK


def _locate(name: str, repo: Path | None) -> tuple[Path, str]:
    """Find the repository (the nearest folder upwards with a lock file) and the file's path inside it."""
    file = (repo / name if repo else Path(name)).resolve()
    for root in [repo.resolve()] if repo else file.parents:
        if (root / LOCK).is_file() and file.is_relative_to(root):
            return root, file.relative_to(root).as_posix()
    message = f"No {LOCK} was found for {printable(name)}: Penstock did not write this repository's pipeline."
    raise PathProblem(message, next_steps=("Run `penstock generate` first, or name the folder with --repo.",))


def _bytes(file: Path) -> bytes:
    content = present(file)
    if content is None:
        message = f"{file} does not exist."
        raise PathProblem(message)
    return content


def _line(file: Path, content: bytes, number: int) -> str:
    lines = content.decode("utf-8", "replace").split("\n")
    if number > len(lines):
        message = f"{file} has {len(lines)} lines, so there is no line {number}."
        raise InvalidRequest(message)
    return lines[number - 1]
