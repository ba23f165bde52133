"""A simulated Google Pub/Sub: the REST calls to make a topic and a subscription, publish and pull, in the test's own loop.

Held to the emulator of Google's SDK by the same contract tests, where that is on the machine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.wire import ClientLeft, Connection, Exchange, Request

PREFIX = "/v1/projects/"
MOST_BYTES = 10_000_000  # documented: the largest request to publish


@dataclass
class SimulatedPubSub:
    """What a test sees of it. ``script``: for each coming publish a status, or `reset`, `lost`, `silent`, `html`."""

    host: str = ""
    token: str | None = None
    script: list[int | str] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    subscriptions: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    publishes: list[Request] = field(default_factory=list)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        told = self.script.pop(0) if self.script and request.path.endswith(":publish") else None
        if request.path.endswith(":publish"):
            self.publishes.append(request)
        try:
            if told == "silent":
                await exchange.hold()
            if told == "reset":
                exchange.reset()
                return
            if told == "html":
                await _send(exchange, 200, b"<html>sign in</html>", "text/html")
                return
            status, body = self._refused(int(told)) if isinstance(told, int) else self._carried_out(request)
            if told == "lost":
                exchange.reset()
                return
            await _send(exchange, status, json.dumps(body).encode(), "application/json; charset=UTF-8")
        except ClientLeft:
            return

    def _carried_out(self, request: Request) -> tuple[int, dict[str, Any]]:
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return self._refused(401)
        name = request.path.removeprefix(PREFIX)
        body = json.loads(request.body or b"{}")
        if request.method == "PUT" and "/topics/" in name:
            self.topics.add(name)
            return 200, {"name": f"projects/{name}"}
        if request.method == "PUT":
            self.subscriptions[name] = body["topic"].removeprefix("projects/")
            return 200, {"name": f"projects/{name}"}
        if name.endswith(":publish"):
            return self._published(name.removesuffix(":publish"), request, body)
        return 200, {"receivedMessages": [{"ackId": each["messageId"], "message": each} for each in self.messages]}

    def _published(self, topic: str, request: Request, body: Any) -> tuple[int, dict[str, Any]]:
        if topic not in self.topics:
            return self._refused(404)
        messages = body.get("messages", [])
        if len(request.body) > MOST_BYTES or not messages or len({each.get("orderingKey") for each in messages}) > 1:
            return self._refused(400)
        if not all(each.get("data") or each.get("attributes") for each in messages):
            return self._refused(400)
        ids = []
        for each in messages:
            ids.append(str(len(self.messages) + 1))
            self.messages.append({**each, "messageId": ids[-1], "publishTime": "2026-11-24T10:00:00Z"})
        return 200, {"messageIds": ids}

    @staticmethod
    def _refused(status: int) -> tuple[int, dict[str, Any]]:
        return status, {"error": {"code": status, "message": f"scripted or refused: {status}"}}


@asynccontextmanager
async def simulated_pubsub(**options: Any) -> AsyncIterator[SimulatedPubSub]:
    """Run it in this loop."""
    pubsub = SimulatedPubSub(**options)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(pubsub.answer), "127.0.0.1", 0)
    pubsub.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield pubsub
    finally:
        server.close()


async def _send(exchange: Exchange, status: int, body: bytes, kind: str) -> None:
    exchange.head(status, [("content-type", kind)], len(body))
    await exchange.send(body)
    exchange.end()
