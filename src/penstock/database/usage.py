"""What organisations used: events are only ever inserted, and counted into days beside the requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost
from penstock.domain.events import UsageDay


class Usage:
    """Usage events and their counters. Every method raises DatabaseFailed, Overloaded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def roll_up(self, limit: int) -> dict[str, UsageDay]:
        """Count at most so many events into their days, each exactly once; return the sums by kind.

        Nothing is returned when the answer was lost: what was counted is marked, so nothing is counted twice.
        """
        try:
            rows = await self._database.all("roll_usage", limit)
        except AnswerLost:
            self._database.count("commit_unknown")
            return {}
        return {
            row["kind"]: UsageDay(date.min, row["kind"], row["events"], row["tokens"], row["micro_usd"]) for row in rows
        }

    async def days(self, org_id: str, first: date, last: date) -> Sequence[UsageDay]:
        """Return an organisation's counters of these days (UTC), newest first."""
        rows = await self._database.rows("usage_of", org_id, first, last)
        return [UsageDay(row["day"], row["kind"], row["events"], row["tokens"], row["micro_usd"]) for row in rows]
