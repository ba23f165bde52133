"""A door for the time before the server can work: alive, not ready, and everybody is told why (BEHAVIOUR.md §2.7)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from penstock.errors import PenstockError
from penstock.kit.ids import trace_id
from penstock.surfaces.http.answers import encoded
from penstock.surfaces.http.problems import describe

_MOST_HEAD = 32_768
_PATIENCE_S = 5.0
_REASONS = {200: "OK", 500: "Internal Server Error", 503: "Service Unavailable"}


@asynccontextmanager
async def waiting_door(listener: socket.socket, missing: str, problem: PenstockError) -> AsyncIterator[None]:
    """Answer on the listener meanwhile: ``missing`` is the part that is waited for, ``problem`` what callers get."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(head, missing, problem))
                await writer.drain()
                writer.write_eof()
                while await reader.read(_MOST_HEAD):  # a body nobody wants, so that the client gets to read why
                    pass
        writer.close()

    server = await asyncio.start_server(answer, sock=listener.dup(), limit=_MOST_HEAD)
    try:
        yield
    finally:
        server.close()


def _response(head: bytes, missing: str, problem: PenstockError) -> bytes:
    target = head.partition(b" ")[2].partition(b" ")[0]
    path = target.partition(b"?")[0]
    trace = trace_id()
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if path == b"/healthz/live":
        status, body = 200, encoded({"status": "ok"})
    elif path in {b"/healthz/ready", b"/healthz/startup"}:
        parts = {missing: "unwell"}
        status, body = 503, encoded({"status": "unready", "missing": [missing], "degraded": [], "parts": parts})
    else:
        told = describe(problem, trace)
        status, body, headers = told.status, told.body, list(told.headers)
    always = [
        *headers,
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-trace-id", trace.encode()),
    ]
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}".encode(), *(name + b": " + to for name, to in always)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
