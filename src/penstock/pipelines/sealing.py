"""Seals the audit log: every row becomes a link of its organisation's chain, and the archive is told its end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.database.audit import AuditLog
from penstock.domain.audit import Head, Link, seal_of
from penstock.errors import Unavailable
from penstock.telemetry.service import Telemetry

if TYPE_CHECKING:
    from penstock.archive.chain_heads import ChainHeads

BATCH = 500


class Sealer:
    """Seals beside the requests. Of servers that try at the same time one does: the chain's head is moved only once."""

    def __init__(self, audit: AuditLog, telemetry: Telemetry) -> None:
        self._audit = audit
        self._telemetry = telemetry

    async def round(self) -> bool:
        """Seal some of what waits; return whether there is more. Raises DatabaseFailed, Overloaded."""
        more = False
        for head in await self._audit.to_seal():
            rows = await self._audit.unsealed(head.org_id, BATCH)
            links, previous = [], head.hash
            for number, row in enumerate(rows, head.seal_no + 1):
                sealed = seal_of(row, number, previous)
                links.append(Link(row.audit_id, number, previous, sealed))
                previous = sealed
            if links and await self._audit.seal(head, links):
                self._telemetry.count_sealed(len(links))
            more = more or len(rows) == BATCH
        return more


class Exporter:
    """Tells the archive the end of each chain: what is cut off there later is missed."""

    def __init__(
        self,
        audit: AuditLog,
        heads: ChainHeads,
        telemetry: Telemetry,
        *,
        every_rows: int = 1_000,
        every: timedelta = timedelta(days=1),
    ) -> None:
        self._audit = audit
        self._heads = heads
        self._telemetry = telemetry
        self._every_rows = every_rows
        self._every = every

    async def round(self) -> bool:
        """Write the heads that are due, each once and never over another. Raises DatabaseFailed, Overloaded."""
        for head in await self._audit.to_export(self._every_rows, self._every):
            try:
                await self._export(head)
            except Unavailable as problem:
                self._telemetry.log("audit.export_failed", level="warning", org=head.org_id, reason=problem.message)
                self._telemetry.count("audit_export_failures")
        return False

    async def _export(self, head: Head) -> None:
        if not await self._heads.store(head):
            self._telemetry.count("audit_chain_conflicts")
            self._telemetry.log("audit.chain_conflict_found", level="error", org=head.org_id, seal_no=head.seal_no)
        await self._audit.exported(head)
