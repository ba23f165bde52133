"""Rate limits: so many calls an hour for each installation or person, counted down in every answer's headers.

A limit on changes a minute (GitHub's secondary limit: 80, documented) is off until a test asks for it.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from .refusals import PRIMARY_LIMIT, SECONDARY_LIMIT, Refused
from .world import Caller

PER_HOUR = {"anonymous": 60, "installation": 5000, "fine": 5000, "classic": 5000, "app": 5000}  # documented
WINDOW_SECONDS = 3600
PACE_SECONDS = 60


@dataclass(slots=True)
class Window:
    """What one caller may still ask until `reset` (seconds since the epoch)."""

    limit: int
    used: int
    reset: float
    changes: deque[float] = field(default_factory=deque)  # when each change of the last minute was asked for

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self, resource: str) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(self.reset)),
            "x-ratelimit-resource": resource,
        }


class Limits:
    """The windows of all callers."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self.changes_per_minute: int | None = None

    def window(self, caller: Caller) -> Window:
        """Return the caller's window, a fresh one when the last has ended."""
        found = self._windows.get(caller.whom)
        if found is None or found.reset <= time.time():
            found = Window(PER_HOUR[caller.kind], 0, time.time() + WINDOW_SECONDS)
            self._windows[caller.whom] = found
        return found

    def take(self, caller: Caller, *, changes: bool) -> None:
        """Count one call; raises Refused 403 when none is left, or when changes come too fast."""
        window = self.window(caller)
        if not window.remaining:
            raise Refused(403, PRIMARY_LIMIT.format(whom=caller.whom))
        window.used += 1
        if changes and self.changes_per_minute is not None:
            self._pace(window, self.changes_per_minute)

    def _pace(self, window: Window, most: int) -> None:
        now = time.time()
        while window.changes and window.changes[0] <= now - PACE_SECONDS:
            window.changes.popleft()
        if len(window.changes) >= most:
            wait = int(window.changes[0] + PACE_SECONDS - now) + 1
            raise Refused(403, SECONDARY_LIMIT, headers={"retry-after": str(wait)})
        window.changes.append(now)

    def give_back(self, caller: Caller) -> None:
        """Uncount a call that was answered 304 (documented)."""
        self.window(caller).used -= 1

    def set(self, whom: str, remaining: int, reset_in: float) -> None:
        """Leave a caller so many calls for so many seconds."""
        self._windows[whom] = Window(remaining, 0, time.time() + reset_in)
