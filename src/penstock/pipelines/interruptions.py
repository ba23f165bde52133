"""Why unpromised work was ended from outside, and how its record says so; the same key resumes it in every case."""

from __future__ import annotations

import asyncio
from enum import StrEnum


class Ending(StrEnum):
    """The reason is the message of the task's cancellation, and the record's failure code."""

    INTERRUPTED = "interrupted"
    """The server stops."""
    CLIENT_GONE = "client_gone"
    """Nobody waits for the answer, and nothing was spent on it yet (BEHAVIOUR.md §2.6)."""
    DEADLINE = "deadline-exceeded"
    """The request lasted longer than it may."""


_DETAILS = {
    Ending.INTERRUPTED: "The request ended before its pipeline was promised.",
    Ending.CLIENT_GONE: "The client went away before anything was spent on its pipeline.",
    Ending.DEADLINE: "The request lasted longer than it may; its pipeline was not promised.",
}


def ending_of(problem: BaseException) -> tuple[str, str]:
    """Return failure code and detail for work that was ended; what says no reason was interrupted."""
    said = problem.args[0] if isinstance(problem, asyncio.CancelledError) and problem.args else None
    ending = Ending(said) if said in tuple(Ending) else Ending.INTERRUPTED
    return ending.value, _DETAILS[ending]
