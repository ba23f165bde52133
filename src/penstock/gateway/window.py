"""The sliding window, in this process: what sliding_window.lua does in Redis, for when Redis is away.

The requests of the previous minute weigh as much as of that minute still lies within the last 60 seconds. So in any
stretch of d seconds (up to 60) at most limit * (1 + d/60) requests get through: no burst of twice the limit at the
minute's edge (BEHAVIOUR.md C24). Requests that are turned away do not count.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MINUTE = 60_000_000
"""Microseconds."""
_MOST = 10_000
"""Counters kept; beyond that, who was not seen for the most minutes is forgotten."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one request."""

    admitted: bool
    remaining: int
    wait_us: int
    """Microseconds until one request fits; 0 when admitted."""
    reset_us: int
    """Microseconds to the end of the minute."""
    epoch: int | None = None
    """How often keys were revoked, as Redis knows it; None when it was not asked."""


@dataclass(slots=True)
class _Counter:
    bucket: int
    current: int = 0
    previous: int = 0


class Window:
    """Counters by name. Times are microseconds of any clock that only grows."""

    def __init__(self) -> None:
        self._counters: OrderedDict[str, _Counter] = OrderedDict()

    def take(self, name: str, limit: int, now_us: int) -> Taken:
        """Count one request if it fits."""
        counter, elapsed = self._at(name, now_us)
        room = limit * MINUTE - counter.previous * (MINUTE - elapsed) - counter.current * MINUTE
        if room < MINUTE:
            return Taken(admitted=False, remaining=0, wait_us=_wait(counter, limit, elapsed), reset_us=MINUTE - elapsed)
        counter.current += 1
        return Taken(admitted=True, remaining=(room - MINUTE) // MINUTE, wait_us=0, reset_us=MINUTE - elapsed)

    def record(self, name: str, now_us: int) -> None:
        """Count one request that another window admitted."""
        self._at(name, now_us)[0].current += 1

    def full(self, name: str, limit: int, now_us: int) -> Taken | None:
        """Return the refusal the next request would get; None when it fits. Counts nothing."""
        counter, elapsed = self._at(name, now_us)
        if limit * MINUTE - counter.previous * (MINUTE - elapsed) - counter.current * MINUTE >= MINUTE:
            return None
        wait = _wait(counter, limit, elapsed)
        return Taken(admitted=False, remaining=0, wait_us=wait, reset_us=MINUTE - elapsed)

    def _at(self, name: str, now_us: int) -> tuple[_Counter, int]:
        """Return the counter, turned over to the minute of ``now_us``, and the microseconds gone in that minute."""
        bucket, elapsed = divmod(now_us, MINUTE)
        counter = self._counters.get(name)
        if counter is None:
            if len(self._counters) >= _MOST:
                self._counters.popitem(last=False)
            counter = self._counters[name] = _Counter(bucket)
        elif counter.bucket > bucket:
            return counter, 0
        elif counter.bucket < bucket:
            counter.previous = counter.current if counter.bucket == bucket - 1 else 0
            counter.bucket, counter.current = bucket, 0
            self._counters.move_to_end(name)
        return counter, elapsed


def _wait(counter: _Counter, limit: int, elapsed: int) -> int:
    if counter.current < limit:
        return MINUTE - (limit - 1 - counter.current) * MINUTE // counter.previous - elapsed
    return MINUTE - elapsed + MINUTE - (limit - 1) * MINUTE // counter.current
