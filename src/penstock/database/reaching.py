"""Whether a database can be reached, asked before anything is opened on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.database.failures import transient, unreachable

if TYPE_CHECKING:
    from penstock.errors import DatabaseFailed

_CONNECT_S = 5.0


async def reach(dsn: str) -> DatabaseFailed | None:
    """Return None when the database takes a connection, and what it is like when that may change in a moment.

    Raises DatabaseFailed for what no waiting mends, such as a wrong password.
    """
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_S)
    except Exception as problem:
        told = unreachable(problem)
        if isinstance(problem, ValueError) or not transient(problem):
            raise told from problem
        return told
    await connection.close()
    return None
