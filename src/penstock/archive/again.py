"""Copies that the archive still lacks: stored later, in the server's own rhythm (BEHAVIOUR.md C20, row 85)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.archive.service import Archive
from penstock.domain.artifacts import Artifact
from penstock.errors import PenstockError
from penstock.telemetry.service import Telemetry

_AT_ONCE = 20


class Owed(Protocol):
    """Which copies are owed, and the files of each."""

    async def pending(self, limit: int) -> Sequence[str]:
        """Return pipelines whose copy is pending, oldest first."""
        ...

    async def settle(self, pipeline_id: str, state: str) -> None:
        """Say what became of a copy."""
        ...


class Files(Protocol):
    """The files of promised pipelines."""

    async def kept_files(self, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of one pipeline."""
        ...


class ArchiveAgain:
    """Stores what is pending; an archive that is still away ends the round."""

    def __init__(self, archive: Archive, owed: Owed, files: Files, telemetry: Telemetry) -> None:
        self._archive = archive
        self._owed = owed
        self._files = files
        self._telemetry = telemetry

    async def round(self) -> bool:
        """Store some of what is pending; tell whether there may be more. Raises DatabaseFailed, Overloaded."""
        waiting = await self._owed.pending(_AT_ONCE)
        for pipeline_id in waiting:
            try:
                state = await self._archive.store(pipeline_id, await self._files.kept_files(pipeline_id))
            except PenstockError as problem:
                self._telemetry.log(
                    "archive.store_failed", level="warning", pipeline_id=pipeline_id, reason=problem.message
                )
                return False
            await self._owed.settle(pipeline_id, state)
            self._telemetry.count("archived_later")
        return len(waiting) == _AT_ONCE
