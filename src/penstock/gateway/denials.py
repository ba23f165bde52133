"""Refusals on their way into the audit log (BEHAVIOUR.md C15): counted together, bounded, written beside requests.

A 401 is not among them: whoever has no key has no organisation; the log and ``auth_failures`` tell of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from penstock.errors import PenstockError
from penstock.kit.clock import Clock
from penstock.telemetry.service import Telemetry
from penstock.telemetry.trace import current_trace

MOST = 1_000
"""Kinds of refusal (whose, what for) held until the next flush."""


class AuditRows(Protocol):
    """Where refusals are kept."""

    async def add_denials(self, denials: Sequence[Mapping[str, Any]]) -> None:
        """Keep them. Raises DatabaseFailed, Overloaded."""
        ...


@dataclass(slots=True)
class _Seen:
    first: datetime
    last: datetime
    trace_id: str
    count: int = 1


class Denials:
    """Held in memory until the next flush; a process that is killed loses what it holds."""

    def __init__(self, rows: AuditRows, *, clock: Clock, telemetry: Telemetry, most: int = MOST) -> None:
        self._rows = rows
        self._clock = clock
        self._telemetry = telemetry
        self._most = most
        self._held: dict[tuple[str, str, str, str], _Seen] = {}

    def note(self, org_id: str, principal_id: str, action: str, *, kid: str, scope: str) -> None:
        """Hold a refusal: ``access.denied`` (403) or ``access.limited`` (429). Never waits."""
        now = self._clock.now()
        key = (org_id, principal_id, action, f"{kid} {scope}")
        seen = self._held.get(key)
        if seen is not None:
            seen.count += 1
            seen.last = now
        elif len(self._held) >= self._most:
            self._telemetry.count("audit_denials_lost")
        else:
            trace = current_trace.get()
            self._held[key] = _Seen(now, now, trace.trace_id if trace else "")

    async def round(self) -> bool:
        """Write what is held. Raises DatabaseFailed, Overloaded; then it is held until the next round."""
        held, self._held = self._held, {}
        if not held:
            return False
        try:
            await self._rows.add_denials([_row(key, seen) for key, seen in held.items()])
        except PenstockError:
            self._put_back(held)
            raise
        return False

    def _put_back(self, held: Mapping[tuple[str, str, str, str], _Seen]) -> None:
        for key, seen in held.items():
            newer = self._held.get(key)
            if newer is not None:
                newer.first, newer.count = seen.first, newer.count + seen.count
            elif len(self._held) < self._most:
                self._held[key] = seen
            else:
                self._telemetry.count("audit_denials_lost")


def _row(key: tuple[str, str, str, str], seen: _Seen) -> dict[str, Any]:
    org_id, principal_id, action, what = key
    kid, _, scope = what.partition(" ")
    detail = {
        "kid": kid,
        "scope": scope,
        "count": seen.count,
        "first_at": seen.first.isoformat(),
        "last_at": seen.last.isoformat(),
        "batch": secrets.token_hex(8),
    }
    return {
        "org_id": org_id, "principal_id": principal_id, "action": action, "detail": detail, "trace_id": seen.trace_id,
    }  # fmt: skip
