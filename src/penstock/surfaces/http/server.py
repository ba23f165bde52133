"""Runs the REST door: uvicorn with our limits, an orderly end, and a clear word when the port is taken."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from penstock.errors import InvalidConfiguration
from penstock.surfaces.http.door import Door
from penstock.surfaces.http.protocol import Connection

KEEP_ALIVE_S = 75
"""Longer than the load balancers in front keep idle connections, so that they, not we, close them."""
DRAIN_S = 8
"""Seconds requests may go on after SIGTERM; the platform kills after 10 (BEHAVIOUR.md §2.7)."""
_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 takes a free one.

    Raises InvalidConfiguration when it is in use, forbidden or not an address of this machine. Bind before anything
    expensive is started: a taken port is then told at once.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, UnicodeError) as problem:
        listener.close()
        raise _cannot_bind(host, port, problem) from None
    listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
        backlog=_BACKLOG,
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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then say so."""
        await super().startup(sockets)
        url = address_of(self._listener)
        self._door.telemetry.log("server.started", url=url)
        if self._on_ready is not None:
            self._on_ready(url)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; the signal is not raised again at the end, as uvicorn would: we have obeyed it."""
        self._door.drain()
        self._door.telemetry.log("server.stopping", signal=sig)
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def _cannot_bind(host: str, port: int, problem: OSError | UnicodeError) -> InvalidConfiguration:
    code = getattr(problem, "errno", None)
    if code == errno.EADDRINUSE:
        message = f"Port {port} on {host} is in use."
        steps: tuple[str, ...] = ("Stop what listens there, or choose another port with --port (0 takes a free one).",)
    elif code == errno.EACCES:
        message, steps = f"Port {port} may not be opened by this user.", ("Choose a port above 1023 with --port.",)
    else:
        message = f"{host} is no address of this machine ({getattr(problem, 'strerror', None) or problem})."
        steps = ("Choose another address with --host: 127.0.0.1 for this machine, 0.0.0.0 for everybody.",)
    return InvalidConfiguration(
        message, fields=["http.host" if code not in _PORT_CODES else "http.port"], next_steps=steps
    )


_PORT_CODES = frozenset({errno.EADDRINUSE, errno.EACCES})
