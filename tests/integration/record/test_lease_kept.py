"""The lease of a claim while the work on it lasts: renewed for its holder, never for somebody who lost it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from record_parts import Tables, records, request, run

from penstock.domain.models import ModelUse
from penstock.errors import PenstockError
from penstock.pipelines.adaptation import ModelWork
from penstock.pipelines.holding import Held

SHORT_S = 0.02


def test_a_lease_is_renewed_as_long_as_the_model_takes_and_no_longer(postgres_dsn: str):
    async def scene() -> None:
        tables = Tables(postgres_dsn)
        async with records(postgres_dsn, lease=timedelta(seconds=30)) as kept:
            claim = await kept.claim(request())
            first = (await tables.one(claim))["lease_until"]
            async with Held(kept, claim, renew_s=SHORT_S).kept():
                seen = {first}
                async with asyncio.timeout(10):
                    while len(seen) < 4:
                        seen.add((await tables.one(claim))["lease_until"])
            last = (await tables.one(claim))["lease_until"]
            assert last == max(seen | {last}) > first
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not [each for each in others if "_renewed" in str(each.get_coro())]

    run(scene())


def test_who_lost_the_lease_stops_renewing_it_and_saves_nothing(postgres_dsn: str):
    async def scene() -> None:
        tables = Tables(postgres_dsn)
        async with records(postgres_dsn, lease=timedelta(seconds=30)) as kept:
            asked = request()
            claim = await kept.claim(asked)
            held = Held(kept, claim, renew_s=SHORT_S)
            async with held.kept():
                await tables.end_lease(claim)
                async with asyncio.timeout(10):
                    while (taken := await _taken(kept, asked, tables, claim)) is None:
                        pass
                renewing = next(each for each in asyncio.all_tasks() if "_renewed" in str(each.get_coro()))
                async with asyncio.timeout(10):
                    await asyncio.wait({renewing})  # it ends by itself
                until = (await tables.one(claim))["lease_until"]
                work = held.work(ModelWork(0.0))
                assert work.keep is not None
                with pytest.raises(PenstockError):
                    await work.keep({"changes": {}}, ModelUse("model", ()))
                row = await tables.one(claim)
                assert (row["draft"], row["lease_epoch"], row["lease_until"]) == (None, taken, until)

    run(scene())


async def _taken(kept, asked, tables: Tables, claim) -> int | None:
    """Let the lease run out and claim again at once; None when a renewal came between."""
    await tables.end_lease(claim)
    try:
        return (await kept.claim(asked)).epoch
    except PenstockError:
        return None
