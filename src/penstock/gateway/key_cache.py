"""Rows of keys, remembered for a short while, so that the database is not asked at every request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.database.keys import KeyRow
    from penstock.kit.clock import Clock

NEGATIVE_S = 10.0
"""Seconds an unknown kid is remembered as unknown."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    row: KeyRow | None
    until: float
    epoch: int


class KeyCache:
    """Remembers what ``find`` answered: rows for ``keep_s`` seconds, the lack of one for a few.

    It belongs to an epoch of revocations. When another begins, nothing remembered counts any more; an answer that was
    on its way meanwhile is handed out but not remembered, as it may be from before the revocation.
    """

    def __init__(self, find: Callable[[str], Awaitable[KeyRow | None]], clock: Clock, *, keep_s: float) -> None:
        self._find = find
        self._clock = clock
        self._keep_s = keep_s
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._asking: dict[str, asyncio.Task[KeyRow | None]] = {}
        self._epoch = 0
        self._shared_epoch: int | None = None

    def remembered(self, kid: str) -> tuple[bool, KeyRow | None]:
        """Return whether the answer is known and fresh, and the answer.

        A good key in its second half is looked up again beside the request: one in use never has to wait for it.
        """
        entry, now = self._entries.get(kid), self._clock.monotonic()
        if entry is None or entry.epoch != self._epoch or entry.until <= now:
            return False, None
        if entry.row is not None and entry.until - now < self._keep_s / 2:
            self._begin(kid)
        return True, entry.row

    def was_good(self, kid: str) -> bool:
        """Whether there was a key of this kid the last time the store was asked, however long ago."""
        entry = self._entries.get(kid)
        return entry is not None and entry.row is not None

    def changed(self, epoch: int | None) -> bool:
        """Take note of the epoch Redis tells (None: it was not asked). True when it is a new one."""
        if epoch is None or epoch == self._shared_epoch:
            return False
        self._shared_epoch = epoch
        self.forget()
        return True

    def forget(self) -> None:
        """Begin a new epoch: whatever is remembered must be looked up again."""
        self._epoch += 1
        self._asking.clear()

    async def look_up(self, kid: str) -> KeyRow | None:
        """Ask the store, once for all who want to know at the same time. Raises what the store raises."""
        return await asyncio.shield(self._begin(kid))

    def _begin(self, kid: str) -> asyncio.Task[KeyRow | None]:
        task = self._asking.get(kid)
        if task is None:
            task = self._asking[kid] = asyncio.create_task(self._ask(kid, self._epoch))
            task.add_done_callback(lambda done: self._answered(kid, done))
        return task

    async def _ask(self, kid: str, epoch: int) -> KeyRow | None:
        row = await self._find(kid)
        self._entries.pop(kid, None)
        if len(self._entries) >= _MOST:
            self._entries.popitem(last=False)
        keep_s = min(NEGATIVE_S, self._keep_s) if row is None else self._keep_s
        self._entries[kid] = _Entry(row, self._clock.monotonic() + keep_s, epoch)
        return row

    def _answered(self, kid: str, task: asyncio.Task[KeyRow | None]) -> None:
        if self._asking.get(kid) is task:
            del self._asking[kid]
        if not task.cancelled():
            task.exception()  # asked for here: who waited for it may be gone
