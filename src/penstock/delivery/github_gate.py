"""One gate for each installation: closed while a rate limit holds, and a pace for what changes something.

GitHub counts an installation's calls as one, so a limit that one repository meets holds for all of them: no call goes
out before its time, or the limit grows (BEHAVIOUR.md C22, §5 row 81).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.delivery.ports import HostAway
from penstock.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an installation may change things: ``burst`` at once, then one each ``pause_s``."""

    pause_s: float = 1.0
    burst: int = 5
    """One pipeline's commit and pull request are four changes."""
    longest_s: float = 3.0
    """Whoever would have to wait longer is sent away instead."""


@dataclass(slots=True)
class _State:
    closed_until: float = 0.0
    """Seconds since the epoch, as GitHub tells them."""
    next_free: float = field(default=float("-inf"))
    """On the monotonic clock: when the changes admitted so far are paid off."""


class Gate:
    """The gates of one process; other processes learn of a limit when they meet it."""

    def __init__(self, clock: Clock, pace: Pace | None = None) -> None:
        self._clock = clock
        self._pace = pace or Pace()
        self._states: dict[str, _State] = {}

    def close(self, installation: str, until_s: float) -> None:
        """Let no call of an installation through before a time, in seconds since the epoch."""
        state = self._state(installation)
        state.closed_until = max(state.closed_until, until_s)

    async def enter(self, installation: str, *, changes: bool) -> None:
        """Wait for a turn; ``changes``: the call changes something. Raises HostAway (gated) instead of a long wait."""
        state = self._state(installation)
        self._refuse_while_closed(state)
        if not changes or self._pace.pause_s <= 0:
            return
        now = self._clock.monotonic()
        credit = self._pace.pause_s * (self._pace.burst - 1)
        wait = max(0.0, state.next_free - credit - now)
        if wait > self._pace.longest_s:
            retry_at = self._clock.now().timestamp() + wait
            raise HostAway("Too many changes at once for this GitHub installation.", retry_at_s=retry_at, gated=True)
        state.next_free = max(state.next_free, now) + self._pace.pause_s
        if wait:
            await self._clock.sleep(wait)
            self._refuse_while_closed(state)

    def _refuse_while_closed(self, state: _State) -> None:
        if self._clock.now().timestamp() < state.closed_until:
            message = "GitHub's rate limit for this installation is used up."
            raise HostAway(message, retry_at_s=state.closed_until, gated=True)

    def _state(self, installation: str) -> _State:
        return self._states.setdefault(installation, _State())
