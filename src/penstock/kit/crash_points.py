"""Places where a test may kill the process, as a machine that fails would (BEHAVIOUR.md §5, row 90).

The variable ``TEST_CRASH_AT`` names the one place, K1 to K13, and for work under way the seconds after which (K7:0.1);
without it nothing here does anything.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")
VARIABLE = "TEST_CRASH_AT"
_SENT_S = "0.002"
"""Long enough for a statement to leave for the database, too short to count on its answer."""
_armed, _, _after = os.environ.get(VARIABLE, "").partition(":")


def crash_point(name: str) -> None:
    """Kill the process when this is the place."""
    if name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)


async def crash_during(name: str, work: Awaitable[T]) -> T:
    """Return what the work returns; when this is the place, kill the process while the work is under way."""
    if name == _armed:
        under_way = asyncio.ensure_future(work)
        await asyncio.wait({under_way}, timeout=float(_after or _SENT_S))
        os.kill(os.getpid(), signal.SIGKILL)
    return await work
