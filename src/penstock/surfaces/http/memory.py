"""How much of its memory this process may still use: new generations are shed before the kernel ends all of them."""

from __future__ import annotations

import time
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
_LOOK_EVERY_S = 1.0


class Memory:
    """The share in use of the container's limit (cgroup 2); where there is no limit, nothing is ever too much."""

    def __init__(self, most: float, *, folder: Path = CGROUP, look_every_s: float = _LOOK_EVERY_S) -> None:
        self._most = most
        self._folder = folder
        self._look_every_s = look_every_s
        self._looked_at = float("-inf")
        self._scarce = False

    def scarce(self) -> bool:
        """Whether more than the bearable share is in use; looked at once a second at most."""
        if time.monotonic() - self._looked_at >= self._look_every_s:
            self._looked_at = time.monotonic()
            self._scarce = self._share() > self._most
        return self._scarce

    def _share(self) -> float:
        """Return used / limit; file pages the kernel can drop at once are not counted as used."""
        try:
            limit = (self._folder / "memory.max").read_text().strip()
            used = int((self._folder / "memory.current").read_text())
            statistics = dict(line.split() for line in (self._folder / "memory.stat").read_text().splitlines())
            return 0.0 if limit == "max" else (used - int(statistics.get("inactive_file", 0))) / int(limit)
        except (OSError, ValueError, ZeroDivisionError):
            return 0.0
