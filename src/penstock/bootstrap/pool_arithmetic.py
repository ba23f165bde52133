"""Whether all pools fit into the database, asked before a server takes its first request (BEHAVIOUR.md C12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import InvalidConfiguration

if TYPE_CHECKING:
    from penstock.settings import DatabaseSettings

KEY_CONNECTIONS = 2
"""A server's own for the check of keys: who asks is told apart from what is asked, however busy the others are."""
_TWICE = 2
"""During a deployment the old instances run beside the new ones."""


async def check_pools(chosen: DatabaseSettings, dsn: str) -> None:
    """Refuse pools that could use up the database's connections: then nobody gets one. Raises InvalidConfiguration.

    What the server allows is asked of it unless it is set. Raises DatabaseFailed when it cannot be asked.
    """
    if chosen.pooler:
        return
    allowed = chosen.max_connections or await _allowed(dsn)
    wanted = _TWICE * chosen.max_instances * (chosen.pool_max + KEY_CONNECTIONS)
    if wanted <= allowed - chosen.reserve:
        return
    fits = max(0, (allowed - chosen.reserve) // (_TWICE * chosen.max_instances) - KEY_CONNECTIONS)
    message = (
        f"The database allows {allowed} connections, and {chosen.reserve} are left to others. Pools of"
        f" {chosen.pool_max} and {KEY_CONNECTIONS} for keys, in {chosen.max_instances} instances and twice as many"
        f" during a deployment, may take {wanted}."
    )
    smaller = (f"Set PENSTOCK_DATABASE__POOL_MAX to {fits} or less (and POOL_MIN not above it).",) if fits else ()
    steps = (
        *smaller,
        f"Or let the database allow {wanted + chosen.reserve} connections (max_connections).",
        "Or put a pooler in front and set PENSTOCK_DATABASE__POOLER=true.",
    )
    fields = ["PENSTOCK_DATABASE__POOL_MAX", "PENSTOCK_DATABASE__MAX_INSTANCES"]
    raise InvalidConfiguration(message, fields=fields, next_steps=steps)


async def _allowed(dsn: str) -> int:
    """Return how many connections the server allows."""
    import asyncpg

    from penstock.database.failures import unreachable

    try:
        connection = await asyncpg.connect(dsn, timeout=5)
        try:
            return int(await connection.fetchval("SELECT current_setting('max_connections')::int"))
        finally:
            await connection.close()
    except Exception as problem:
        raise unreachable(problem) from problem
