"""Writes that count only while a claim is current, and how one finds out after their answer was lost (row 62)."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any

from penstock.database.connections import Database
from penstock.database.failures import AnswerLost, failed
from penstock.database.ports import Claim
from penstock.database.rows import known_id
from penstock.domain.pipelines import Status
from penstock.errors import DatabaseFailed

if TYPE_CHECKING:
    import asyncpg

LOOK_AGAIN_S = (0.1, 0.3)
"""Before each look at what became of a statement whose answer was lost; BEHAVIOUR.md §4."""


async def fenced(database: Database, name: str, claim: Claim, target: Status, *values: Any) -> int | None:
    """Send a write that only counts while the claim is current; return the new version, None when it is not.

    After a lost answer the record itself tells; sent again it can be applied but once, since the version moved.
    Raises DatabaseFailed, Overloaded.
    """
    pipeline_id = known_id(claim.pipeline_id)
    lost: AnswerLost | None = None
    for nominal_s in LOOK_AGAIN_S:
        try:
            row = await database.row(name, pipeline_id, claim.epoch, claim.version, *values)
        except AnswerLost as problem:
            database.count("commit_unknown")
            lost = problem
        else:
            if row is not None:
                return int(row["version"])
            if lost is None:
                return None
        await wait(database, nominal_s)
        stands = await read_back(database, pipeline_id)
        if stands is None or (stands["lease_epoch"], stands["version"]) != (claim.epoch, claim.version):
            ours = stands is not None and _is_next(stands, claim, target)
            return claim.version + 1 if ours else None
    raise unknown(lost)


async def read_back(database: Database, pipeline_id: uuid.UUID | None) -> asyncpg.Record | None:
    """Return where a record stands."""
    return await database.row("read_back", pipeline_id, repeatable=True)


async def wait(database: Database, nominal_s: float) -> None:
    """Wait at most so long."""
    if nominal_s:
        await database.clock.sleep(random.uniform(nominal_s / 2, nominal_s))  # noqa: S311 -- spreads retries, protects nothing


def unknown(lost: AnswerLost | None) -> DatabaseFailed:
    """Return the error for a write of which nobody can say whether it was done."""
    return failed((lost and lost.__cause__) or ConnectionError())


def _is_next(row: asyncpg.Record, claim: Claim, target: Status) -> bool:
    """Whether a record stands where one write of this claim, and nothing else, puts it."""
    return bool(
        row["lease_epoch"] == claim.epoch and row["version"] == claim.version + 1 and row["status"] == target.value
    )
