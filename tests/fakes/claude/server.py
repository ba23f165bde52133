"""The simulated API: judge a call, play the next action of the script on it, and remember what was received."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakes.wire import ClientLeft, Connection, Exchange, Request

from .judging import VERTEX, Asked, Refusal, judge
from .messages import PromptCache, Reply, compressed, error_reply, json_reply, message_of, stream_reply
from .script import Action, Failure, Script, ScriptRefused

SETTLE_SECONDS = 30  # the longest a reader of /_calls waits


@dataclass(slots=True)
class Call:
    """One request to the API, as it came in, and what became of it."""

    number: int
    request: Request
    status: int | None = None  # None: no headers were sent
    bytes_sent: int = 0
    client_left: bool = False  # before the answer was complete
    over: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "method": self.request.method,
            "path": self.request.path,
            "headers": self.request.headers,
            "body": self.request.body.decode("utf-8", "backslashreplace"),
            "arrived": self.request.arrived,
            "request_id": request_id(self.number),
            "status": self.status,
            "bytes_sent": self.bytes_sent,
            "client_left": self.client_left,
            "over": self.over,
        }


def request_id(number: int) -> str:
    return f"req_simulated{number:012d}"


class SimulatedApi:
    """All state of one process: script, calls, prompt cache."""

    def __init__(self) -> None:
        self._script = Script()
        self._calls: list[Call] = []
        self._cache = PromptCache()
        self._connections = 0
        self._changed = asyncio.Condition()

    def connect(self) -> Connection:
        self._connections += 1
        return Connection(self.answer)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        path, _, query = request.path.partition("?")
        if path.startswith("/_"):
            await self._control(request.method, path, query, request.body, exchange)
            return
        call = Call(len(self._calls) + 1, request)
        self._calls.append(call)
        await self._tell()
        try:
            await self._play(call, exchange)
        except ClientLeft:
            call.client_left = True
        call.over, call.bytes_sent = True, exchange.sent
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _play(self, call: Call, exchange: Exchange) -> None:
        vertex = VERTEX.fullmatch(call.request.path.partition("?")[0]) is not None
        try:
            asked = judge(call.request)
        except Refusal as refusal:
            failure = Failure(refusal.status, message=refusal.message)
            await self._send(call, exchange, Action(), error_reply(failure, request_id(call.number), vertex=vertex))
            return
        action = self._script.next(call.request.body.decode("utf-8", "replace"))
        await exchange.pause(action.delay_headers)
        if action.hold == "headers":
            await exchange.hold()
        if action.cut is not None and action.cut.before_headers:
            _cut(exchange, action.cut.how)
            return
        await self._send(call, exchange, action, self._reply(call, asked, action))

    def _reply(self, call: Call, asked: Asked, action: Action) -> Reply:
        if action.error is not None:
            return error_reply(action.error, request_id(call.number), vertex=asked.vertex)
        if action.body is not None:
            data = (action.body.text * action.repeat).encode()
            return Reply(action.body.status, action.body.content_type, [data], len(data))
        message = message_of(asked, action, self._cache.usage(asked), call.number)
        return stream_reply(message, action.chunk, action.error_event) if asked.stream else json_reply(message)

    async def _send(self, call: Call, exchange: Exchange, action: Action, reply: Reply) -> None:
        pieces, length = reply.pieces, reply.length
        headers = {
            "content-type": reply.content_type,
            "request-id": request_id(call.number),
            "anthropic-organization-id": "org_simulated",
            "cache-control": "no-cache",
        }
        if action.gzip:
            pieces = compressed(pieces)
            length, headers["content-encoding"] = len(pieces[0]), "gzip"
        sent = _shortened(pieces, action)
        if action.cut is not None and action.cut.how == "end" and length is not None:
            length = sum(map(len, sent))
        headers.update({name.lower(): value for name, value in action.headers.items()})
        exchange.head(reply.status, headers.items(), length)
        call.status = reply.status
        await exchange.pause(action.delay_body)
        if action.hold == "body":
            await exchange.hold()
        for place, piece in enumerate(sent):
            await exchange.pause(action.delay_events if place else 0)
            for part in [piece[at : at + 1] for at in range(len(piece))] if action.drip else [piece]:
                await exchange.send(part)
                await exchange.pause(action.drip)
        if action.cut is None:
            exchange.end()
        else:
            _cut(exchange, action.cut.how)

    async def _control(self, method: str, path: str, query: str, body: bytes, exchange: Exchange) -> None:
        routes: dict[tuple[str, str], Callable[[str, bytes], Any]] = {
            ("POST", "/_script"): self._load,
            ("POST", "/_reset"): self._reset,
            ("GET", "/_calls"): lambda _query, _body: self._shown(),
        }
        route = routes.get((method, path))
        status, answer = (
            404,
            {"problem": f"{method} {path} is not a control: {sorted(' '.join(each) for each in routes)}"},
        )
        if route is not None:
            try:
                await self._wait(query)
                status, answer = 200, route(query, body)
            except (ScriptRefused, ValueError) as problem:
                status, answer = 400, {"problem": str(problem)}
            except TimeoutError:
                status, answer = 408, {"problem": f"waited {SETTLE_SECONDS} s", **self._shown()}
        data = json.dumps(answer).encode()
        exchange.head(status, [("content-type", "application/json")], len(data))
        await exchange.send(data)

    async def _wait(self, query: str) -> None:
        """`settled`: until no call is being answered; `at_least=N`: until so many calls came in."""
        wanted = dict(each.partition("=")[::2] for each in query.split("&") if each)
        async with asyncio.timeout(SETTLE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self._calls) >= int(wanted.get("at_least", 0)))
            if "settled" in wanted:
                await self._changed.wait_for(lambda: all(call.over for call in self._calls))

    def _load(self, _query: str, body: bytes) -> dict[str, Any]:
        script = json.loads(body)
        self._script.load(script.get("once", []), script.get("then", []))
        return {"loaded": self._script.left}

    def _reset(self, _query: str, _body: bytes) -> dict[str, Any]:
        self._script, self._cache, self._calls = Script(), PromptCache(), []
        self._connections = 0
        return {}

    def _shown(self) -> dict[str, Any]:
        return {
            "calls": [call.shown() for call in self._calls],
            "connections": self._connections,
            "actions_left": self._script.left,
        }


def _shortened(pieces: list[bytes], action: Action) -> list[bytes]:
    cut = action.cut
    if cut is not None and cut.after_events is not None:
        return pieces[: cut.after_events]
    if cut is not None and cut.after_bytes is not None:
        return [b"".join(pieces)[: cut.after_bytes]]
    return pieces


def _cut(exchange: Exchange, how: str) -> None:
    {"end": exchange.end, "close": exchange.close, "reset": exchange.reset}[how]()
