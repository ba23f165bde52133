"""HTTP/1.1 with the bytes in hand, for every simulated API: a server library would guard against what scripts ask for.

One connection answers its requests one after the other. An answer may be held back, dripped, cut short or reset.
"""

from __future__ import annotations

import asyncio
import http
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

import httptools

MAX_REQUEST_BYTES = 32 * 1024 * 1024  # documented: the Messages API takes requests up to 32 MB; more than GitHub takes


class ClientLeft(Exception):
    """The other side closed the connection before its answer was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in: header names in lower case, values and path untouched."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    oversized: bool
    arrived: float = field(default_factory=time.time)


class Connection(asyncio.Protocol):
    """One client's connection: requests in, one answer at a time out."""

    def __init__(self, answer: Callable[[Request, Exchange], Awaitable[None]]) -> None:
        self._answer = answer
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._path, self._headers, self._body, self._size = b"", dict[str, str](), bytearray(), 0
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._path, self._headers, self._body, self._size = b"", {}, bytearray(), 0

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= MAX_REQUEST_BYTES:
            self._body += chunk

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        oversized = self._size > MAX_REQUEST_BYTES
        self._waiting.append(Request(method, self._path.decode("latin-1"), self._headers, bytes(self._body), oversized))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    async def _answer_all(self) -> None:
        while self._waiting and not self.gone.is_set():
            await self._answer(self._waiting.popleft(), Exchange(self))
        self._task = None


class Exchange:
    """The answer to one request, byte by byte."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chunked = False
        self.sent = 0

    async def pause(self, seconds: float) -> None:
        """Let time pass; raises ClientLeft as soon as the client goes."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.hold()
        except TimeoutError:
            return

    async def hold(self) -> None:
        """Send nothing more, ever: ends (with ClientLeft) when the client goes."""
        await self._connection.gone.wait()
        raise ClientLeft

    def head(self, status: int, headers: Iterable[tuple[str, str]], length: int | None) -> None:
        """Send status and headers; a body without a length is chunked."""
        try:
            phrase = http.HTTPStatus(status).phrase
        except ValueError:
            phrase = "Overloaded"  # 529 is the Messages API's own
        self._chunked = length is None
        framing = ("transfer-encoding", "chunked") if length is None else ("content-length", str(length))
        lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in (*headers, framing)), "", ""]
        self._connection.transport.write("\r\n".join(lines).encode("latin-1"))

    async def send(self, data: bytes) -> None:
        """Send a part of the body and wait until the client takes it."""
        await self._connection.writable.wait()
        if self._connection.gone.is_set():
            raise ClientLeft
        if data:
            self.sent += len(data)
            framed = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
            self._connection.transport.write(framed)

    def end(self) -> None:
        """Finish the body as HTTP wants it; the connection stays open for the next request."""
        if self._chunked:
            self._connection.transport.write(b"0\r\n\r\n")

    def close(self) -> None:
        """Close the connection in the middle of the body, as a dying server or proxy does."""
        self._connection.transport.close()

    def reset(self) -> None:
        """Tear the connection down with a TCP reset."""
        connection = self._connection.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.transport.abort()
