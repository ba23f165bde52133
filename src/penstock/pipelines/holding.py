"""A claim while the work on it lasts: its newest version, and its lease kept alive (BEHAVIOUR.md §2.1)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError
from penstock.kit.crash_points import crash_point
from penstock.pipelines.adaptation import ModelWork

if TYPE_CHECKING:
    from penstock.database.ports import Claim, Records
    from penstock.domain.models import ModelUse

_RENEW_S = 10.0


class Held:
    """The claim as it stands now: a draft that is saved moves its version on."""

    def __init__(self, records: Records, claim: Claim, *, renew_s: float = _RENEW_S) -> None:
        self.records = records
        self.claim = claim
        self._renew_s = renew_s

    def work(self, times: ModelWork) -> ModelWork:
        """Return what the model's part gets of this claim: what was drafted before, and where to keep what is now."""
        return replace(times, draft=self.claim.draft, keep=self._keep, spent=self._spent)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the lease again and again; one that was lost is found out by the next write, which is fenced."""
        renewing = asyncio.create_task(self._renewed())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _renewed(self) -> None:
        mine = True
        while mine:
            await asyncio.sleep(self._renew_s)
            with contextlib.suppress(PenstockError):
                mine = await self.records.renew(self.claim)

    async def _keep(self, draft: Mapping[str, Any], use: ModelUse) -> None:
        crash_point("K4")
        self.claim = await self.records.draft(self.claim, draft, use)
        crash_point("K5")

    async def _spent(self, use: ModelUse) -> None:
        await self.records.spent(self.claim, use)
