"""Which promised pipelines still owe the archive their copy."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.database.connections import Database
from penstock.database.rows import known_id


class Archiving:
    """The records' ``audit_state``. Every method raises DatabaseFailed, Overloaded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, limit: int) -> Sequence[str]:
        """Return the pipelines whose copy is pending and that nobody works on, oldest first.

        Two servers may get the same: storing a copy again changes nothing.
        """
        rows = await self._database.rows("archive_pending", limit)
        return [str(row["pipeline_id"]) for row in rows]

    async def settle(self, pipeline_id: str, state: str) -> None:
        """Say what became of a pending copy: ``stored`` or ``conflict``."""
        await self._database.row("archive_settled", known_id(pipeline_id), state, repeatable=True)
