"""A server whose database is away at the start waits for it: restarted again and again, it would help nobody."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from penstock.bootstrap import parts

if TYPE_CHECKING:
    from penstock.settings import Settings

_LOOK_EVERY_S = 1.0


async def database_there(settings: Settings, listener: socket.socket) -> bool:
    """Return when the database answers; False when the server is told to stop before. Embedded ones are always there.

    Meanwhile the server is alive and not ready (BEHAVIOUR.md fault 59). Raises DatabaseFailed for what no waiting
    mends: a wrong password, no such database, an address that cannot be read.
    """
    from penstock.database.reaching import reach

    if settings.database.url is None:
        return True
    dsn = settings.database.url.get_secret_value()
    problem = await reach(dsn)
    if problem is None:
        return True
    from penstock.surfaces.http.waiting import waiting_door

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    async with AsyncExitStack() as opened:
        telemetry = parts.open_telemetry(settings, opened, os.urandom(32))
        for each in signals:
            loop.add_signal_handler(each, stopped.set)
            opened.callback(loop.remove_signal_handler, each)
        await opened.enter_async_context(waiting_door(listener, "database", problem))
        telemetry.log("database.awaited", level="error", reason=problem.message)
        while problem is not None and not stopped.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await stopped.wait()
            problem = await reach(dsn)
        telemetry.log("database.reached" if problem is None else "server.stopping")
    return problem is None
