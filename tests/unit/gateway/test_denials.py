from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from penstock.errors import DatabaseFailed
from penstock.gateway.denials import Denials
from penstock.telemetry.service import Telemetry, open_telemetry


class StandingClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 10, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


@dataclass
class Rows:
    """Keeps what it is given, unless it is away."""

    away: bool = False
    kept: list[Mapping[str, Any]] = field(default_factory=list)

    async def add_denials(self, denials: Sequence[Mapping[str, Any]]) -> None:
        if self.away:
            raise DatabaseFailed
        self.kept += denials


def held(rows: Rows, *, most: int = 1000, telemetry: Telemetry | None = None) -> Denials:
    return Denials(rows, clock=StandingClock(), telemetry=telemetry or Telemetry(), most=most)


def note(denials: Denials, who: str = "ann", action: str = "access.denied") -> None:
    denials.note("acme", who, action, kid="abc", scope="audit:read")


def flush(denials: Denials) -> None:
    asyncio.run(denials.round())  # type: ignore[arg-type]


def test_refusals_of_one_kind_become_one_row_with_their_number():
    rows = Rows()
    denials = held(rows)
    for _ in range(500):
        note(denials, action="access.limited")
    note(denials)
    flush(denials)
    counts = {row["action"]: row["detail"]["count"] for row in rows.kept}
    assert counts == {"access.limited": 500, "access.denied": 1}
    assert rows.kept[0]["detail"]["scope"] == "audit:read"
    assert (rows.kept[0]["org_id"], rows.kept[0]["principal_id"]) == ("acme", "ann")


def test_what_was_written_is_not_written_again():
    rows = Rows()
    denials = held(rows)
    note(denials)
    flush(denials)
    flush(denials)
    assert len(rows.kept) == 1


def test_while_the_database_is_away_refusals_are_held_and_added_up():
    rows = Rows(away=True)
    denials = held(rows)
    note(denials)
    with pytest.raises(DatabaseFailed):
        flush(denials)
    note(denials)
    rows.away = False
    flush(denials)
    assert [row["detail"]["count"] for row in rows.kept] == [2]


def test_beyond_its_bound_refusals_are_lost_and_the_loss_is_counted():
    rows = Rows()
    telemetry = open_telemetry(redact=lambda text: text, version="0")
    denials = held(rows, most=2, telemetry=telemetry)
    for who in ("ann", "bob", "cy", "dee", "ann"):
        note(denials, who)
    flush(denials)
    assert [(row["principal_id"], row["detail"]["count"]) for row in rows.kept] == [("ann", 2), ("bob", 1)]
    assert telemetry.metrics is not None
    assert 'what="audit_denials_lost"} 2.0' in telemetry.metrics.exposition().decode()
