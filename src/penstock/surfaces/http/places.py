"""Where a generation gets its place: memory, its user's and organisation's share, then room (BEHAVIOUR.md §2.5)."""

from __future__ import annotations

from penstock.domain.pipelines import Caller
from penstock.errors import Overloaded
from penstock.surfaces.http.bulkhead import Bulkhead
from penstock.surfaces.http.in_flight import InFlight
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.memory import Memory
from penstock.telemetry.service import Telemetry


class Places:
    """The places of one server; what is refused one has left no trace."""

    def __init__(self, limits: Limits, telemetry: Telemetry, *, memory: Memory | None = None) -> None:
        self._telemetry = telemetry
        self._memory = memory or Memory(limits.most_memory)
        self._in_flight = InFlight(limits.per_user, limits.per_org)
        self.room = Bulkhead(
            limits.max_generations, limits.max_waiting, limits.max_wait_s, on_shed=lambda: telemetry.count("shed")
        )

    async def enter(self, caller: Caller) -> None:
        """Take a place; give it back with ``leave``. Raises Overloaded, ConcurrencyLimited."""
        if self._memory.scarce():
            self._telemetry.count("shed")
            message = "This server's memory is nearly used up."
            raise Overloaded(message)
        self._in_flight.take(caller)
        try:
            await self.room.take()
        except BaseException:
            self._in_flight.leave(caller)
            raise

    def leave(self, caller: Caller) -> None:
        """Give a place back."""
        self._in_flight.leave(caller)
        self.room.leave()
