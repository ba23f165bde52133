"""Proves that the audit log is as it was sealed, or names the first row that is not.

What it finds: a changed, deleted, inserted or moved row; a chain cut off at its end, as long as the head in the
database or one in the archive remembers more. What it cannot find: changes to rows before they are sealed; rows cut off
after the archive's last head by somebody who also set the database's head back; a chain computed anew from there on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.database.audit import AuditLog
from penstock.domain.audit import AuditRow, ChainReport, Head, seal_of
from penstock.errors import NotFound

if TYPE_CHECKING:
    from penstock.archive.chain_heads import ChainHeads

_PAGE = 500


class Verifier:
    """Reads, changes nothing; servers may go on sealing meanwhile."""

    def __init__(self, audit: AuditLog, heads: ChainHeads) -> None:
        self._audit = audit
        self._heads = heads

    async def verify(self, org_id: str | None = None) -> Sequence[ChainReport]:
        """Look at one organisation's chain, or at all.

        Raises NotFound when the organisation has no audit log, DatabaseFailed, Overloaded, Unavailable, ValueError.
        """
        known = {head.org_id for head in await self._audit.heads(org_id)}
        archived = await self._heads.organisations()
        wanted = sorted(known | archived if org_id is None else {org_id} & (known | archived))
        if org_id is not None and not wanted:
            message = "There is no audit log of that organisation."
            raise NotFound(message)
        return [await self._verify(each) for each in wanted]

    async def _verify(self, org_id: str) -> ChainReport:
        exported = {head.seal_no: head async for head in self._heads.kept(org_id)}
        report, last = ChainReport(org_id, 0, 0, len(exported)), Head(org_id, 0, b"")
        while True:
            async for row in self._rows(last):
                problem = _problem(row, last, exported.get(row.seal_no or 0))
                if problem:
                    return replace(report, rows=last.seal_no, bad_audit_id=row.audit_id, problem=problem)
                last = Head(org_id, last.seal_no + 1, row.hash or b"")
            head = await self._head(org_id)
            more = head.seal_no > last.seal_no and bool(await self._audit.chain(org_id, last.seal_no, 1))
            if not more:  # else rows were sealed since we began
                problem = _end_problem(head, last, exported)
                return replace(report, rows=last.seal_no, unsealed=head.unsealed, problem=problem)

    async def _head(self, org_id: str) -> Head:
        found = await self._audit.heads(org_id)
        return found[0] if found else Head(org_id, 0, b"")

    async def _rows(self, after: Head) -> AsyncIterator[AuditRow]:
        last = after.seal_no
        while rows := await self._audit.chain(after.org_id, last, _PAGE):
            for row in rows:
                yield row
            last = rows[-1].seal_no or last


def _problem(row: AuditRow, before: Head, exported: Head | None) -> str | None:
    """Say what is wrong with a row that stands after this link; None when it is as it was sealed."""
    number = before.seal_no + 1
    if row.seal_no != number:
        return f"link {number} is missing before this row, which is link {row.seal_no}"
    if row.previous_hash != before.hash:
        return "it does not follow the row before it: one of them was replaced or moved"
    if row.hash != seal_of(row, number, before.hash):
        return "its content is not what was sealed"
    if exported is not None and exported.hash != row.hash:
        return "the archive has another hash for this link: the chain was computed anew"
    return None


def _end_problem(head: Head, last: Head, exported: dict[int, Head]) -> str | None:
    """Say what is wrong at the end of a chain whose rows all follow each other."""
    longest = max(exported, default=0)
    if last.seal_no < max(head.seal_no, longest):
        where = "the archive" if longest > head.seal_no else "its head"
        return f"the chain ends with link {last.seal_no}, and {where} knows link {max(head.seal_no, longest)}"
    if (head.seal_no, head.hash) != (last.seal_no, last.hash):
        return f"the chain's head (link {head.seal_no}) is not its last row (link {last.seal_no})"
    return None
