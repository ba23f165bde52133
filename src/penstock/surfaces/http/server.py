"""Runs the REST door: uvicorn with our limits and an orderly end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from penstock.surfaces.http.door import Door
from penstock.surfaces.http.listening import BACKLOG, address_of
from penstock.surfaces.http.protocol import Connection

KEEP_ALIVE_S = 75
"""Longer than the load balancers in front keep idle connections, so that they, not we, close them."""
DRAIN_S = 6
"""Seconds requests may go on after SIGTERM; the platform kills after 10 (BEHAVIOUR.md §2.7), and closing takes some."""


async def serve(app: FastAPI, listener: socket.socket, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain for at most DRAIN_S seconds; ``on_ready`` gets the URL."""
    door: Door = app.state.door
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        backlog=BACKLOG,
    )
    server = _Server(config, door, listener, on_ready)
    try:
        await server.serve(sockets=[listener])
    finally:
        await door.close()


class _Server(uvicorn.Server):
    """uvicorn's server that drains at the signal itself and ends with exit code 0."""

    def __init__(
        self, config: uvicorn.Config, door: Door, listener: socket.socket, on_ready: Callable[[str], None] | None
    ) -> None:
        super().__init__(config)
        self._door = door
        self._listener = listener
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        url = address_of(self._listener)
        self._door.telemetry.log("server.started", url=url)
        if self._on_ready is not None:
            self._on_ready(url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; the signal is not raised again at the end, as uvicorn would: we have obeyed it."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()
        self._door.drain()
        if self._loop is not None:  # not from here: the signal may have come while a line was being logged
            self._loop.call_soon_threadsafe(partial(self._door.telemetry.log, "server.stopping", signal=sig))
