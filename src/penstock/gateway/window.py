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


@dataclass(frozen=True, slots=True)
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
        counter, elapsed = self._seen(name, now_us)
        room = _room(counter, limit, elapsed)
        if room < MINUTE:
            wait = _wait(counter, limit, elapsed)
            return Taken(admitted=False, remaining=0, wait_us=wait, reset_us=MINUTE - elapsed)
        self._keep(name, counter)
        return Taken(admitted=True, remaining=room // MINUTE - 1, wait_us=0, reset_us=MINUTE - elapsed)

    def record(self, name: str, now_us: int) -> None:
        """Count one request that was let through elsewhere."""
        counter, _ = self._seen(name, now_us)
        self._keep(name, counter)

    def full(self, name: str, limit: int, now_us: int) -> Taken | None:
        """Return the refusal the next request would get; None when it fits. Counts nothing."""
        counter, elapsed = self._seen(name, now_us)
        if _room(counter, limit, elapsed) >= MINUTE:
            return None
        wait = _wait(counter, limit, elapsed)
        return Taken(admitted=False, remaining=0, wait_us=wait, reset_us=MINUTE - elapsed)

    def _seen(self, name: str, now_us: int) -> tuple[_Counter, int]:
        """Return the counter as it looks in the minute of ``now_us``, and the microseconds gone in that minute."""
        bucket, elapsed = divmod(now_us, MINUTE)
        kept = self._counters.get(name)
        if kept is None or kept.bucket < bucket - 1:
            return _Counter(bucket), elapsed
        if kept.bucket > bucket:  # the clock was set back: time stands still until it is reached again
            return kept, 0
        if kept.bucket < bucket:
            return _Counter(bucket, 0, kept.current), elapsed
        return kept, elapsed

    def _keep(self, name: str, seen: _Counter) -> None:
        """Count one request on top of what was seen."""
        self._counters[name] = _Counter(seen.bucket, seen.current + 1, seen.previous)
        if seen.current == 0:
            self._counters.move_to_end(name)
            if len(self._counters) > _MOST:
                self._counters.popitem(last=False)


def _room(counter: _Counter, limit: int, elapsed: int) -> int:
    """Return how much of the allowance is left, in requests times MINUTE."""
    return (limit - counter.current) * MINUTE - counter.previous * (MINUTE - elapsed)


def _wait(counter: _Counter, limit: int, elapsed: int) -> int:
    """Return the microseconds until one request fits into a window that is full."""
    if counter.current < limit:  # the previous minute's weight will have gone down far enough
        return MINUTE - (limit - 1 - counter.current) * MINUTE // counter.previous - elapsed
    return MINUTE - elapsed + MINUTE - (limit - 1) * MINUTE // counter.current
