"""Places for generations: so many at once, a few more may wait a moment, the rest are told to come back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from penstock.errors import Overloaded


class Bulkhead:
    """A bounded room with a short queue (BEHAVIOUR.md §2.5).

    Who waits is served in order, but from the newest once the queue is more than half full: those still have time.
    """

    def __init__(self, places: int, waiting: int, max_wait_s: float, *, on_shed: Callable[[], None]) -> None:
        self._places = places
        self._most_waiting = waiting
        self._max_wait_s = max_wait_s
        self._on_shed = on_shed
        self._waiters: deque[asyncio.Future[None]] = deque()
        self.taken = 0

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiters)

    async def take(self) -> None:
        """Take a place; give it back with ``leave``. Raises Overloaded when there is none in time."""
        if self.taken < self._places:
            self.taken += 1
            return
        if len(self._waiters) >= self._most_waiting:
            self._shed()
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(self._max_wait_s):
                await waiter
        except TimeoutError:
            if not self._given(waiter):
                self._shed()
        except asyncio.CancelledError:
            if self._given(waiter):
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place back: to who waits, or to the room."""
        while self._waiters:
            crowded = len(self._waiters) * 2 > self._most_waiting
            waiter = self._waiters.pop() if crowded else self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.taken -= 1

    def _given(self, waiter: asyncio.Future[None]) -> bool:
        """Whether a place was handed over in the very moment its waiter gave up; otherwise it waits no more."""
        if waiter.done() and not waiter.cancelled():
            return True
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        return False

    def _shed(self) -> None:
        self._on_shed()
        raise Overloaded
