"""A copy of every pipeline for auditors: each object is written once and never again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence

from penstock.domain.artifacts import Artifact, digest_of
from penstock.kit.crash_points import crash_point
from penstock.object_storage.ports import ObjectStore
from penstock.telemetry.service import Telemetry

MANIFEST = "manifest.json"
STORED, CONFLICT = "stored", "conflict"
"""What became of a copy; as in the record's ``audit_state``."""
_AT_ONCE = 8


class Archive:
    """Writes ``<pipeline_id>/<path>`` for each file, then the manifest: where there is one, the copy is whole."""

    def __init__(self, objects: ObjectStore, telemetry: Telemetry) -> None:
        self._objects = objects
        self._telemetry = telemetry

    async def store(self, pipeline_id: str, artifacts: Sequence[Artifact]) -> str:
        """Store the copy and return ``stored``, or ``conflict`` when other content has one of its names.

        Storing the same again changes nothing. Raises Unavailable when the store cannot do it; what was written by
        then stays and is found again the next time.
        """
        places = asyncio.Semaphore(_AT_ONCE)

        async def put(artifact: Artifact) -> bool:
            async with places:
                made = await self._put(f"{pipeline_id}/{artifact.path}", artifact.content)
                crash_point("K9")
                return made

        kept = await asyncio.gather(*(put(artifact) for artifact in artifacts), return_exceptions=True)
        for problem in kept:  # looked at when all have ended: nothing is written after we have answered
            if isinstance(problem, BaseException):
                raise problem
        if not all(kept):
            return CONFLICT
        crash_point("K12")
        whole = await self._put(f"{pipeline_id}/{MANIFEST}", manifest(pipeline_id, artifacts))
        return STORED if whole else CONFLICT

    async def ping(self) -> None:
        """Return when the store answers. Raises Unavailable."""
        await self._objects.get("ping")

    async def _put(self, path: str, content: bytes) -> bool:
        """Return whether the object has this content now. One that has other content is left as it is."""
        if await self._objects.put_new(path, content):
            return True
        found = await self._objects.get(path)
        if found == content:
            return True
        self._telemetry.count("archive_conflicts")
        self._telemetry.log(
            "archive.conflict_found", level="error", path=path, expected=_sha256(content), found=_sha256(found or b"")
        )
        return False


def manifest(pipeline_id: str, artifacts: Sequence[Artifact]) -> bytes:
    """Return the list of the files with their hashes; equal for equal files."""
    files = {
        artifact.path: {"sha256": artifact.sha256, "bytes": len(artifact.content), "executable": artifact.executable}
        for artifact in artifacts
    }
    document = {"pipeline_id": pipeline_id, "artifact_digest": digest_of(tuple(artifacts)), "files": files}
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
