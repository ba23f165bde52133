"""The connection below the application: bounds on headers, in size and time, and problems for what is no HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from penstock.errors import InvalidRequest, PenstockError
from penstock.kit.ids import trace_id
from penstock.surfaces.http.problems import describe
from penstock.surfaces.http.refusals import HeadersTooLarge

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
HEADERS_TIMEOUT_S = 10.0
MAX_DISCARDED = 4 * 1024 * 1024
"""Bytes of a body nobody wants that are still taken in, so that the client gets to read why."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection with limits."""

    _head_bytes = 0
    _head_count = 0
    _hosts = 0
    _discarded = 0
    _in_head = True
    _too_large = False
    _fault = "This is no valid HTTP request."
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock: a connection that says nothing is not kept."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives before the headers are complete: one endless header never reaches on_header."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a request: its headers may take as long as the first one's."""
        super().on_message_begin()
        self._in_head, self._head_bytes, self._head_count, self._discarded, self._hosts = True, 0, 0, 0, 0
        if self._head_timer is None:
            self._start_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header. Raises ValueError, which ends the request, when there are too many."""
        self._head_count += 1
        self._head_bytes += len(name) + len(value)
        if self._head_count > MAX_HEADERS or self._head_bytes > MAX_HEADER_BYTES:
            self._too_large = True
            message = "headers too large"
            raise ValueError(message)
        if self._in_head:  # a trailer is no header: it came after the checks, and may not undo them
            self._hosts += name.lower() == b"host"
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on to the body. Raises ValueError, which ends the request, unless it names one host (RFC 9112 §3.2)."""
        if self._hosts > 1 or (self._hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._fault = "An HTTP/1.1 request has one Host header."
            raise ValueError(self._fault)
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; what comes after the answer is dropped, and not without end."""
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > MAX_DISCARDED:
                self.transport.close()
            return
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's words; ours say the same
        """Answer what is no HTTP, or too much of it, and close."""
        problem: PenstockError = HeadersTooLarge() if self._too_large else InvalidRequest(self._fault)
        trace = trace_id()
        told = describe(problem, trace)
        body = told.body
        headers: list[tuple[bytes, Any]] = [
            *told.headers,
            (b"content-length", str(len(body)).encode()),
            (b"x-trace-id", trace.encode()),
            (b"connection", b"close"),
        ]
        reason = b"Request Header Fields Too Large" if self._too_large else b"Bad Request"
        lines = [f"HTTP/1.1 {told.status} ".encode() + reason, *(name + b": " + value for name, value in headers)]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.transport.close()

    def _start_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEADERS_TIMEOUT_S, self._headers_too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _headers_too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()
