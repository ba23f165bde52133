"""What a failure of the driver means: what is certain about the work, and what may be tried again (BEHAVIOUR.md §4).

A lost connection has no one face: the driver reports 08003, an InterfaceError without SQLSTATE, an OSError or a
TimeoutError. So the phase decides first, the class second, and the SQLSTATE only refines.
"""

from __future__ import annotations

from enum import Enum

from penstock.errors import DatabaseFailed


class AnswerLost(Exception):
    """A statement was sent and no answer came: it may have been committed. Only a look at the record tells."""


class Verdict(Enum):
    """What is known after a statement failed."""

    AGAIN = "again"
    """Rolled back by a deadlock or a serialization failure: the whole statement may run again."""
    AGAIN_ONCE = "again_once"
    """Rolled back while waiting for a lock: worth one more try."""
    ELSEWHERE = "elsewhere"
    """Refused by a server that only reads, or has no disk left: another may stand there now, so connect anew, once."""
    UNKNOWN = "unknown"
    """The connection broke while the statement ran."""
    REFUSED = "refused"
    """The database said no and would say it again."""


_ROLLED_BACK = frozenset({"40001", "40P01"})
_LOCKED, _READ_ONLY, _DISK_FULL = "55P03", "25006", "53100"
_STATEMENT_CANCELLED, _TOO_MANY = "57014", "53300"
_GONE = ("08", "57P")
"""SQLSTATE prefixes of a connection that ended: by the network, by an administrator, by a crash."""


def verdict(problem: BaseException) -> Verdict:
    """Judge a failure that came after a statement was sent."""
    state = sqlstate(problem)
    if state is None or state.startswith(_GONE):
        return Verdict.UNKNOWN if is_of_the_driver(problem) else Verdict.REFUSED
    if state in _ROLLED_BACK:
        return Verdict.AGAIN
    if state == _LOCKED:
        return Verdict.AGAIN_ONCE
    return Verdict.ELSEWHERE if state in {_READ_ONLY, _DISK_FULL} else Verdict.REFUSED


def is_spent(problem: BaseException) -> bool:
    """Whether a connection is not used again: its state is not certain, or its server took too long over it."""
    return sqlstate(problem) in {None, _STATEMENT_CANCELLED} or verdict(problem) is Verdict.UNKNOWN


def is_of_the_driver(problem: BaseException) -> bool:
    """Whether a failure is one of the connection (anything else, like a value of a wrong type, is a bug of ours)."""
    import asyncpg

    if isinstance(problem, OSError | EOFError | asyncpg.PostgresError):
        return True
    complaints = (ValueError, asyncpg.UnsupportedClientFeatureError)  # about values and arguments: ours to get right
    return isinstance(problem, asyncpg.InterfaceError | asyncpg.InternalClientError) and not isinstance(
        problem, complaints
    )


def sqlstate(problem: BaseException) -> str | None:
    """Return the SQLSTATE when the server gave one."""
    state = getattr(problem, "sqlstate", None)
    return state if isinstance(state, str) else None


def transient(problem: BaseException) -> bool:
    """Whether a connection that could not be made may be made in a moment."""
    state = sqlstate(problem)
    return state is None or state.startswith(_GONE) or state == _TOO_MANY


def in_words(problem: BaseException) -> str:
    """Return a reason that may be shown: never the server's own words, which may quote values or addresses."""
    state = sqlstate(problem)
    if isinstance(problem, TimeoutError):
        return "it did not answer in time"
    if state in _WORDS:
        return _WORDS[state]
    if state is not None and not state.startswith(_GONE):
        return f"it refused the work with SQLSTATE {state}"
    if isinstance(problem, ConnectionRefusedError | FileNotFoundError):
        return "nobody answers at its address"
    return "the connection broke"


_WORDS: dict[str | None, str] = {
    _STATEMENT_CANCELLED: "it did not answer in time",
    _LOCKED: "something else holds the record",
    _READ_ONLY: "it only reads at the moment",
    _TOO_MANY: "it has no connection to spare",
    "28000": "it refused the user",
    "28P01": "it refused the user or the password",
    "3D000": "there is no database of that name",
    _DISK_FULL: "its disk is full",
}


def unreachable(problem: BaseException) -> DatabaseFailed:
    """Return the error for a connection that cannot be made. Raises what is a bug of ours again."""
    if isinstance(problem, ValueError) and not isinstance(problem, OSError):
        message = "The database's address cannot be read."
        steps = ("Set PENSTOCK_DATABASE__URL to postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",)
        return DatabaseFailed(message, next_steps=steps)
    if not is_of_the_driver(problem):
        raise problem
    return DatabaseFailed(f"The database cannot be reached: {in_words(problem)}.")


def failed(problem: BaseException) -> DatabaseFailed:
    """Return the error for work that was not done."""
    return DatabaseFailed(f"The database failed: {in_words(problem)}.")
