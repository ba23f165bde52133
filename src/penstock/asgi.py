"""The server for any ASGI runner: ``uvicorn penstock.asgi:app``. Settings come from the environment.

Everything is opened when the runner starts the lifespan, and closed when it ends it. The runner owns the port, the
signals and Python's own logging; `penstock serve` does all that itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from penstock.bootstrap.engine import build_app, open_server
from penstock.bootstrap.loading import settle
from penstock.errors import PenstockError
from penstock.settings import load_settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Application:
    """Opens the server with the lifespan and passes requests on to it."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection. Raises RuntimeError for a runner that knows no lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._app is None:
            message = "Penstock needs a runner with lifespan support: nothing is open yet."
            raise RuntimeError(message)
        await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            settings = load_settings()
            async with open_server(settings) as (engine, adapters):
                self._app = build_app(settings, engine, adapters.telemetry)
                settle()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await self._app.state.door.close()
        except Exception as problem:  # whatever it was: a runner takes another error for "knows no lifespan" and serves
            if self._app is not None:
                raise
            await send({"type": "lifespan.startup.failed", "message": _words(problem)})
            return
        await send({"type": "lifespan.shutdown.complete"})


def _words(problem: Exception) -> str:
    if isinstance(problem, PenstockError):
        return " ".join([problem.message, *(f"-> {step}" for step in problem.steps)])
    return f"Penstock cannot start: {type(problem).__name__}."


app = Application()
