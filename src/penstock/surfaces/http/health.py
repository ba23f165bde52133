"""Probes: live asks the event loop only, ready asks the parts a generation cannot do without (BEHAVIOUR.md §2.7)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from penstock.surfaces.engine import Ping
from penstock.surfaces.http.door import Door

OPTIONAL = frozenset({"redis", "valkey", "rate_limiter", "limiter", "archive", "objects", "model", "github"})
"""Parts Penstock goes on without: their absence is told and does not make the server unready."""
_WELL, _UNWELL = 200, 503


@dataclass
class Health:
    """Answers probes; one look at the parts serves everybody who asks within a second."""

    door: Door
    _looked_at: float = field(default=float("-inf"))
    _parts: dict[str, str] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _was_ready: bool = False

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """Return status and document: every part with ``ok`` or the kind of what is wrong."""
        parts = await self._look()
        if self.door.draining:
            return _UNWELL, {"status": "draining", "parts": parts}
        missing = sorted(name for name, state in parts.items() if state != "ok" and name not in OPTIONAL)
        degraded = sorted(name for name, state in parts.items() if state != "ok" and name in OPTIONAL)
        if missing:
            return _UNWELL, {"status": "unready", "missing": missing, "degraded": degraded, "parts": parts}
        self._was_ready = True
        return _WELL, {"status": "degraded" if degraded else "ok", "degraded": degraded, "parts": parts}

    async def startup(self) -> tuple[int, dict[str, Any]]:
        """Return well as soon as the server was ready once: what fails later is readiness' affair."""
        return (_WELL, {"status": "ok"}) if self._was_ready else await self.ready()

    async def _look(self) -> dict[str, str]:
        async with self._lock:
            if time.monotonic() - self._looked_at >= self.door.limits.ping_every_s:
                pings = self.door.engine.pings
                states = await asyncio.gather(*(self._state(name, ping) for name, ping in pings.items()))
                self._parts = dict(zip(pings, states, strict=True))
                self._looked_at = time.monotonic()
            return self._parts

    async def _state(self, name: str, ping: Ping) -> str:
        """Return the part's state; the probe's reader learns its kind, the log its words."""
        try:
            async with asyncio.timeout(self.door.limits.ping_timeout_s):
                await ping()
        except Exception as problem:  # noqa: BLE001 -- whatever a part says when unwell, the probe answers
            self.door.telemetry.log("health.ping_failed", level="warning", part=name, reason=str(problem))
            return "timeout" if isinstance(problem, TimeoutError) else "unwell"
        return "ok"
