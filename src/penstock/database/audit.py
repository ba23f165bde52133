"""The audit log: rows that transactions leave behind, their chain, and what the gateway refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost
from penstock.database.rows import clean, json_text
from penstock.domain.audit import AuditRow, Head, Link

if TYPE_CHECKING:
    import asyncpg


class AuditLog:
    """The table of audit rows. Every method raises DatabaseFailed, Overloaded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_seal(self) -> Sequence[Head]:
        """Return the heads of the chains that rows wait for."""
        return [_head(row) for row in await self._database.rows("unsealed_organisations")]

    async def unsealed(self, org_id: str, limit: int) -> Sequence[AuditRow]:
        """Return the rows of an organisation that wait longest."""
        return [_row(row) for row in await self._database.rows("unsealed_rows", org_id, limit)]

    async def seal(self, head: Head, links: Sequence[Link]) -> bool:
        """Put links after this head, all or none; False when another server was quicker, or a row is gone."""
        last = links[-1]
        try:
            rows = await self._database.all(
                "seal", head.org_id, head.seal_no, [each.audit_id for each in links], [each.seal_no for each in links],
                [each.previous_hash for each in links], [each.hash for each in links], last.seal_no, last.hash,
            )  # fmt: skip
        except AnswerLost:  # the head tells the next round what became of it
            self._database.count("commit_unknown")
            return False
        return len(rows) == len(links)

    async def heads(self, org_id: str | None = None) -> Sequence[Head]:
        """Return the heads of all chains, or of one organisation's."""
        return [_head(row, row["unsealed"]) for row in await self._database.rows("chain_heads", org_id)]

    async def chain(self, org_id: str, after: int, limit: int) -> Sequence[AuditRow]:
        """Return sealed rows in the order of the chain, from the one after this number on."""
        return [_row(row) for row in await self._database.rows("chain", org_id, after, limit)]

    async def to_export(self, every_rows: int, every: timedelta) -> Sequence[Head]:
        """Return the heads the archive is to be told of."""
        return [_head(row) for row in await self._database.rows("heads_to_export", every_rows, every)]

    async def exported(self, head: Head) -> None:
        """Remember that the archive has this head."""
        await self._database.row("mark_exported", head.org_id, head.seal_no, repeatable=True)

    async def page(self, org_id: str, *, limit: int, before: int | None) -> Sequence[AuditRow]:
        """Return an organisation's rows, newest first, from the one before this id on."""
        return [_row(row) for row in await self._database.rows("audit_page", org_id, limit, before)]

    async def add_denials(self, denials: Sequence[Mapping[str, Any]]) -> None:
        """Keep what was refused: org_id, principal_id, action, detail, trace_id of each.

        When the answer is lost they are sent once more: the ``batch`` in their detail tells such twins.
        """
        rows = [{**each, "principal_id": clean(each["principal_id"])} for each in denials]
        await self._database.row("add_denials", json_text(rows), repeatable=True)


def _head(row: asyncpg.Record, unsealed: int = 0) -> Head:
    return Head(row["org_id"], row["seal_no"], row["hash"], unsealed)


def _row(row: asyncpg.Record) -> AuditRow:
    pipeline_id = row["pipeline_id"]
    return AuditRow(**{**row, "pipeline_id": None if pipeline_id is None else str(pipeline_id)})
