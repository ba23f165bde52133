"""The simulated API: judge a call, play the next action of the script on it, and remember what was received."""

from __future__ import annotations

from typing import Any

from fakes.controls import Call, Calls, Route, answer_control
from fakes.wire import Connection, Exchange, Request

from .judging import VERTEX, Asked, Refusal, judge
from .messages import PromptCache, Reply, compressed, error_reply, json_reply, message_of, stream_reply
from .script import Action, Failure, Script, ScriptRefused


def request_id(number: int) -> str:
    return f"req_simulated{number:012d}"


class SimulatedApi:
    """All state of one process: script, calls, prompt cache."""

    def __init__(self) -> None:
        self._reset(None)

    def _reset(self, _body: Any) -> dict[str, Any]:
        self._script, self._cache, self._calls = Script(), PromptCache(), Calls()
        self._connections = 0
        return {}

    def connect(self) -> Connection:
        self._connections += 1
        return Connection(self.answer)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        calls = self._calls
        if request.path.startswith("/_"):
            await answer_control(request, exchange, calls, self._controls(), ScriptRefused)
            return
        await calls.answer(request, exchange, request_id, self._play)

    def _controls(self) -> dict[tuple[str, str], Route]:
        return {
            ("POST", "/_script"): self._load,
            ("POST", "/_reset"): self._reset,
            ("GET", "/_calls"): lambda _body: {
                "calls": [call.shown() for call in self._calls.made],
                "connections": self._connections,
                "actions_left": self._script.left,
            },
        }

    def _load(self, body: Any) -> dict[str, Any]:
        self._script.load(body.get("once", []), body.get("then", []))
        return {"loaded": self._script.left}

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


def _shortened(pieces: list[bytes], action: Action) -> list[bytes]:
    cut = action.cut
    if cut is not None and cut.after_events is not None:
        return pieces[: cut.after_events]
    if cut is not None and cut.after_bytes is not None:
        return [b"".join(pieces)[: cut.after_bytes]]
    return pieces


def _cut(exchange: Exchange, how: str) -> None:
    {"end": exchange.end, "close": exchange.close, "reset": exchange.reset}[how]()
