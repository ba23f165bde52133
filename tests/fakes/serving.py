"""How every simulated API runs: says its port, and ends with its starter, even one that was killed."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Protocol

from .wire import Connection


class Api(Protocol):
    """What is served."""

    def connect(self) -> Connection: ...


async def serve(api: Api, port: int) -> None:
    """Print {"port": N} and serve until standard input closes: whoever started this holds the pipe's other end."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(api.connect, "127.0.0.1", port)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()
