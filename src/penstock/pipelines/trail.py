"""What an organisation may see of its own trail: the audit log, what it used, and the counting of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from penstock.domain.audit import AuditRow
from penstock.domain.events import UsageDay
from penstock.domain.pipelines import Caller

if TYPE_CHECKING:
    from penstock.database.audit import AuditLog
    from penstock.database.usage import Usage
    from penstock.telemetry.service import Telemetry

ROLLED_AT_ONCE = 2_000


class Trail:
    """Reading; every method raises DatabaseFailed, Overloaded."""

    def __init__(self, audit: AuditLog, usage: Usage) -> None:
        self._audit = audit
        self._usage = usage

    async def audit(self, caller: Caller, *, limit: int, before: int | None) -> Sequence[AuditRow]:
        """Return the organisation's audit rows, newest first."""
        return await self._audit.page(caller.org_id, limit=limit, before=before)

    async def usage(self, caller: Caller, *, first: date, last: date) -> Sequence[UsageDay]:
        """Return what the organisation used on these days (UTC), newest first."""
        return await self._usage.days(caller.org_id, first, last)


class UsageRounds:
    """Counts usage events into days, beside the requests."""

    def __init__(self, usage: Usage, telemetry: Telemetry) -> None:
        self._usage = usage
        self._telemetry = telemetry

    async def round(self) -> bool:
        """Count some of what waits; return whether there is more. Raises DatabaseFailed, Overloaded."""
        sums = await self._usage.roll_up(ROLLED_AT_ONCE)
        for each in sums.values():
            self._telemetry.count_usage(each)
        return sum(each.events for each in sums.values()) >= ROLLED_AT_ONCE
