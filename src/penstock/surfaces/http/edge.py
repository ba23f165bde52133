"""The outermost layer of the REST door: trace id first, canonical line last, no exception beyond it. Pure ASGI."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.domain.pipelines import PipelineResult
from penstock.surfaces.http.answers import encoded, result_answer
from penstock.surfaces.http.problems import Problem, describe, unexpected
from penstock.surfaces.http.reading import ClientGone, header_values
from penstock.surfaces.http.refusals import Interrupted
from penstock.telemetry.service import Telemetry
from penstock.telemetry.trace import RequestTrace, current_trace, open_trace

HEADERS = "penstock.headers"
"""Key in the ASGI scope: headers the answer gets on top, as the door learns them."""
TRACE = "penstock.trace"
"""Key in the ASGI scope: the request's RequestTrace."""
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_CLIENT_CLOSED = 499
"""Logged when nobody is left to answer; never sent."""


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, *, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection are not known here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":  # answered as GET, and _Answer keeps the body back
            scope = {**scope, "method": "GET"}
        parents = header_values(scope["headers"], b"traceparent")
        trace = open_trace(parents[0].decode("latin-1") if len(parents) == 1 else None)
        scope[TRACE], scope[HEADERS] = trace, []
        token = current_trace.set(trace)
        answer = _Answer(scope, send, trace, bodiless=method == "HEAD")
        self._telemetry.request_begun(trace)
        metrics = self._telemetry.metrics
        if metrics:
            metrics.in_flight.inc()
        try:
            await self._serve(scope, receive, answer)
        finally:
            if metrics:
                metrics.in_flight.dec()
            self._telemetry.request_ended(
                trace,
                method=method,
                route=_route(scope),
                status=trace.ended_as or answer.status,
                ms=(time.perf_counter() - begun) * 1000,
            )
            current_trace.reset(token)

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientGone:
            answer.status = _CLIENT_CLOSED
            self._telemetry.count("client_gone")
        except asyncio.CancelledError:
            await answer.interrupted()
        except Exception as problem:  # noqa: BLE001 -- the last line of defence: nothing of ours may reach the client
            self._telemetry.log("http.request_failed", level="error", exception=problem, route=_route(scope))
            await answer.problem(unexpected(answer.trace.trace_id))


class _Answer:
    """The sending side of one request: adds the headers every answer has and remembers the status."""

    def __init__(self, scope: Scope, send: Send, trace: RequestTrace, *, bodiless: bool) -> None:
        self._scope = scope
        self._send = send
        self._bodiless = bodiless
        self.trace = trace
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = list(message.get("headers", ()))
            names = {name for name, _ in own}
            message["headers"] = [
                *own,
                *(pair for pair in self._scope[HEADERS] if pair[0] not in names),
                *_ALWAYS,
                (b"x-trace-id", self.trace.trace_id.encode()),
            ]
        elif self._bodiless:
            message = {**message, "body": b""}
        await self._send(message)

    async def interrupted(self) -> None:
        """Answer a request that the server's end cuts off: what was promised is finished by whoever comes (§2.7)."""
        if self.trace.promised is None or self.status:
            await self.problem(describe(Interrupted(), self.trace.trace_id))
            return
        told = result_answer(PipelineResult.promised(self.trace.promised, self.trace.trace_id))
        body = encoded(told.document)
        own = [(name.lower().encode(), value.encode()) for name, value in told.headers.items()]
        fixed = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers = [*own, *fixed, (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": told.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def problem(self, problem: Problem) -> None:
        """Send a problem unless an answer has begun: then only the connection's end can tell."""
        self.trace.fields["error"] = problem.slug
        if self.status:
            return
        body = problem.body
        headers = [*problem.headers, (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    """Return the route's template: paths themselves are foreign text and would make endless labels."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", "unmatched"))
