"""A wire that can be bad, to be put before PostgreSQL, Valkey or a simulated API. It runs in a thread of its own.

The words are Toxiproxy's. What is set holds for connections that stand and for new ones, until `heal()`.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_CHUNK = 65_536
_LINGER_NONE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Weather:
    """How bad the wire is; the default is a good one. Seconds and bytes."""

    blackhole: bool = False
    """Nothing passes, in either direction, and nothing is closed."""
    latency_s: float = 0.0
    jitter_s: float = 0.0
    """The server's bytes come that much later, give or take."""
    limit_data: int | None = None
    """A connection is closed when the server has sent so many bytes over it."""
    slice_bytes: int = 0
    slice_s: float = 0.0
    """The server's bytes come in slices of that size, so many seconds apart."""
    slow_close_s: float = 0.0
    """The client learns that much later that the server has closed."""
    half_close: bool = False
    """The client is told at once that nothing more comes, while what it sends still arrives."""


@dataclass
class _Cut:
    """What `cut_on` ordered; `after` further chances pass first."""

    pattern: bytes
    side: str
    times: int
    after: int


class _Connection:
    """One client's connection and the one to the server behind it."""

    def __init__(self, proxy: TcpProxy, near: asyncio.StreamWriter) -> None:
        self.proxy, self.near = proxy, near
        self.doomed = False
        self.sent = 0
        self._tails = {"client": b"", "server": b""}

    async def serve(self, reader: asyncio.StreamReader) -> None:
        proxy = self.proxy
        far_reader, far = await proxy.open_far()
        if proxy.weather.half_close:
            self.near.write_eof()
        pumps = {asyncio.create_task(self._there(reader, far)), asyncio.create_task(self._back(far_reader))}
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            far.close()

    async def _there(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await self.proxy.passable()
            self._look("client", data)
            far.write(data)
            await far.drain()

    async def _back(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            await self.proxy.passable()
            if self.doomed:  # the server has answered: what was asked is done, and the answer is lost here
                self.proxy.cuts += 1
                return
            self._look("server", data)
            if not await self._give(data):
                return
        await asyncio.sleep(self.proxy.weather.slow_close_s)

    async def _give(self, data: bytes) -> bool:
        """Send the server's bytes on; False when the connection has had all it gets."""
        weather = self.proxy.weather
        if weather.half_close:
            return True
        if weather.latency_s or weather.jitter_s:
            late = weather.latency_s + random.uniform(-1, 1) * weather.jitter_s  # noqa: S311 -- protects nothing
            await asyncio.sleep(max(0.0, late))
        if weather.limit_data is not None:
            data = data[: max(0, weather.limit_data - self.sent)]
        step = weather.slice_bytes or len(data) or 1
        for begin in range(0, len(data), step):
            self.near.write(data[begin : begin + step])
            await self.near.drain()
            self.sent += step
            if weather.slice_bytes:
                await asyncio.sleep(weather.slice_s)
        return weather.limit_data is None or self.sent < weather.limit_data

    def _look(self, side: str, data: bytes) -> None:
        """Doom the connection when the pattern has passed: the server's next bytes are dropped, and it is cut."""
        cut = self.proxy.cut
        if cut is None or cut.side != side or cut.times == 0:
            return
        seen = self._tails[side] + data
        self._tails[side] = seen[-len(cut.pattern) + 1 :] if len(cut.pattern) > 1 else b""
        if cut.pattern not in seen:
            return
        self._tails[side] = b""
        if cut.after:
            cut.after -= 1
            return
        cut.times -= 1
        self.doomed = True


class TcpProxy:
    """One address before one server. Every method may be called from any thread."""

    def __init__(self, host: str = "", port: int = 0, *, unix: str = "") -> None:
        self._target = (host, port, unix)
        self.weather = Weather()
        self.cut: _Cut | None = None
        self.connections = 0
        """How many were opened."""
        self.cuts = 0
        """How many lost an answer to `cut_on`."""
        self._live: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._reset_new = False
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._passable = asyncio.Event()
        self._passable.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._listen())

    @property
    def url(self) -> str:
        """The address, as that of a web server."""
        return f"http://127.0.0.1:{self.port}"

    def refuse(self) -> None:
        """Nobody listens any more; connections that stand are reset."""
        self._do(self._deaf())

    def blackhole(self) -> None:
        """Let nothing pass."""
        self._set(blackhole=True)

    def latency(self, seconds: float, *, jitter: float = 0.0) -> None:
        """Let the server's bytes come later."""
        self._set(latency_s=seconds, jitter_s=jitter)

    def limit_data(self, count: int) -> None:
        """Close each connection after so many bytes of the server."""
        self._set(limit_data=count)

    def drip(self, every_s: float, *, size: int = 1) -> None:
        """Send the server's bytes in small slices."""
        self._set(slice_bytes=size, slice_s=every_s)

    def slow_close(self, seconds: float) -> None:
        """Tell the client late that the server has closed."""
        self._set(slow_close_s=seconds)

    def half_close(self) -> None:
        """Tell the client of each new connection that nothing will come, and still take what it sends."""
        self._set(half_close=True)

    def reset(self, *, new: bool = False) -> None:
        """Reset all connections that stand; with ``new`` also each that is opened from now on."""
        self._reset_new = new
        self._do(self._reset_all())

    def cut_on(self, pattern: bytes, *, side: str = "client", times: int = 1, after: int = 0) -> None:
        """Lose an answer: once the pattern has passed from that side, the server's next bytes are dropped.

        The server has answered then, so what was asked of it is done. ``after``: so many passings are let through.
        """
        self.cut = _Cut(pattern, side, times, after)

    def heal(self) -> None:
        """Be a good wire again; who waits in a black hole gets what was held back."""
        self.cut, self._reset_new = None, False
        self._do(self._listen())
        self._set_all(Weather())

    def close(self) -> None:
        """End everything."""
        self._do(self._deaf())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def open_far(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port, unix = self._target
        return await (asyncio.open_unix_connection(unix) if unix else asyncio.open_connection(host, port))

    async def passable(self) -> None:
        await self._passable.wait()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _deaf(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self, writer)
        self._live.add(connection)
        try:
            if self._reset_new:
                _abort(writer)
            else:
                with suppress(OSError, asyncio.CancelledError):
                    await connection.serve(reader)
        finally:
            self._live.discard(connection)
            writer.close()

    async def _reset_all(self) -> None:
        for connection in tuple(self._live):
            _abort(connection.near)

    def _set(self, **changes: Any) -> None:
        self._set_all(replace(self.weather, **changes))

    def _set_all(self, weather: Weather) -> None:
        self.weather = weather
        turn: Callable[[], None] = self._passable.clear if weather.blackhole else self._passable.set
        self._loop.call_soon_threadsafe(turn)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a machine does that knows nothing of the connection."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    writer.transport.abort()


@contextmanager
def tcp_proxy(address: str) -> Iterator[TcpProxy]:
    """Put a proxy before a server: an http:// or redis:// address, or PostgreSQL's or Valkey's with a Unix socket."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    if "host" in query:
        proxy = TcpProxy(unix=f"{unquote(query['host'][0])}/.s.PGSQL.5432")
    elif parts.scheme == "unix":
        proxy = TcpProxy(unix=parts.path)
    else:
        proxy = TcpProxy(parts.hostname or "127.0.0.1", parts.port or 0)
    try:
        yield proxy
    finally:
        proxy.close()


def through(proxy: TcpProxy, address: str) -> str:
    """Return an address by which its server is reached through the proxy."""
    parts = urlsplit(address)
    scheme = "redis" if parts.scheme == "unix" else parts.scheme
    user = f"{parts.username}@" if parts.username else ""
    path = "" if parts.scheme == "unix" else parts.path
    plain = "?sslmode=disable" if parts.scheme == "postgresql" else ""
    return f"{scheme}://{user}127.0.0.1:{proxy.port}{path}{plain}"
