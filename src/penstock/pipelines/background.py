"""What a server does beside its requests: duties, each in a loop of its own, that look at what there is to do.

Level-triggered: a round does what it finds, so what an earlier one dropped is found by the next (BEHAVIOUR.md §2.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from penstock.errors import PenstockError
from penstock.kit.clock import Clock
from penstock.telemetry.service import Telemetry

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""After a round that failed: this long, then twice as long, up to the longest; BEHAVIOUR.md §4, relay."""


class NotNow(Exception):
    """A round could not do its work and has said why; it is tried again later and later."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do again and again. ``round`` returns whether there is more to do at once."""

    name: str
    round: Callable[[], Awaitable[bool]]
    rest_s: float
    """Seconds between rounds that find nothing more to do."""
    at_the_end: bool = False
    """Whether a last round is worth it when the server stops."""


class Background:
    """Runs duties from ``start`` to ``stop``. A duty that fails holds up no other, and is never given up."""

    def __init__(self, duties: Sequence[Duty], *, clock: Clock, telemetry: Telemetry) -> None:
        self._duties = duties
        self._clock = clock
        self._telemetry = telemetry
        self._stopping = asyncio.Event()
        self._loops: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin."""
        for duty in self._duties:
            self._loops.add(asyncio.create_task(self._keep(duty), name=f"duty {duty.name}"))

    async def stop(self, within_s: float = 1.0) -> None:
        """End: rounds under way may finish, then each duty that wants one has a last round, all within that time."""
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*self._loops, return_exceptions=True)
                await asyncio.gather(*(self._last(duty) for duty in self._duties if duty.at_the_end))
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def _keep(self, duty: Duty) -> None:
        wait = FIRST_WAIT_S
        while not self._stopping.is_set():
            more = await self._try(duty)
            if more is None:
                await self._rest(random.uniform(wait / 2, wait))  # noqa: S311 -- spreads retries, protects nothing
                wait = min(wait * 2, LONGEST_WAIT_S)
            else:
                wait = FIRST_WAIT_S
                await self._rest(0 if more else duty.rest_s)

    async def _try(self, duty: Duty) -> bool | None:
        """Return what the round says; None when it failed."""
        try:
            return await duty.round()
        except NotNow:
            return None
        except Exception as problem:  # noqa: BLE001 -- a duty is never given up; whoever reads the log mends it
            known = {"reason": problem.message} if isinstance(problem, PenstockError) else {"exception": problem}
            self._telemetry.log("duty.failed", level="error", duty=duty.name, **known)
            self._telemetry.count("duty_failures")
            return None

    async def _last(self, duty: Duty) -> None:
        while await self._try(duty):
            pass

    async def _rest(self, seconds: float) -> None:
        """Wait, or until it is time to stop."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()
