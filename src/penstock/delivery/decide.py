"""What may be written where: decided for all files before the first byte is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.domain.artifacts import Artifact
from penstock.errors import DeliveryConflict

LOCK_FILE = "docs/cicd/penstock.lock.json"
"""The manifest of managed files: every file Penstock wrote, with the hash it had."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Files to write, files that are already right."""

    to_write: tuple[Artifact, ...]
    unchanged: tuple[str, ...]


def managed_hashes(lock: bytes | None) -> dict[str, str]:
    """Read path -> sha256 from a lock file. A missing or unreadable lock manages nothing, so nothing is overwritten."""
    if lock is None:
        return {}
    try:
        document = json.loads(lock)
        files = {**document.get("former", {}), **document["files"]}
        return {str(path): str(entry["sha256"]) for path, entry in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def decide(artifacts: Sequence[Artifact], read: Callable[[str], bytes | None], *, overwrite: bool) -> Decided:
    """Compare every artifact with what is there. Raises DeliveryConflict listing files that are not ours to replace.

    ``read`` returns the present bytes of a path, or None. Ours: listed in the lock with the hash it has.
    """
    managed = managed_hashes(read(LOCK_FILE))
    to_write: list[Artifact] = []
    unchanged: list[str] = []
    conflicts: list[tuple[str, str]] = []
    for artifact in artifacts:
        present = read(artifact.path)
        if present is None:
            to_write.append(artifact)
        elif present == artifact.content:
            unchanged.append(artifact.path)
        elif (
            overwrite or artifact.path == LOCK_FILE or managed.get(artifact.path) == hashlib.sha256(present).hexdigest()
        ):
            to_write.append(artifact)
        elif artifact.path in managed:
            conflicts.append((artifact.path, "was written by Penstock and edited since"))
        else:
            conflicts.append((artifact.path, "was there before and is not Penstock's"))
    if conflicts and not managed:
        conflicts = [(path, "is there, and no lock file says that Penstock wrote it") for path, _ in conflicts]
    if conflicts:
        listed = "; ".join(f"{path} {reason}" for path, reason in conflicts)
        message = f"Nothing was written, because files are in the way: {listed}."
        if not managed:
            what = "is missing" if read(LOCK_FILE) is None else "is damaged"
            message += f" The lock file {LOCK_FILE} {what}; where these files are Penstock's, --overwrite renews them."
        raise DeliveryConflict(message, paths=[path for path, _ in conflicts])
    return Decided(tuple(to_write), tuple(unchanged))
