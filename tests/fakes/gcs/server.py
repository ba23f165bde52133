"""The simulated API: carry a call out on the bucket, play the next action of the script on it, remember it."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, unquote

from fakes.controls import Call, Calls, Route, answer_control
from fakes.github.script import Action, Script, ScriptRefused
from fakes.wire import Connection, Exchange, Request

from .objects import Bucket, Refused

XML = "application/xml; charset=UTF-8"


class SimulatedApi:
    """All state of one process: one bucket, script, calls."""

    def __init__(self, bucket: str) -> None:
        self._name = bucket
        self._reset(None)

    def _reset(self, _body: Any) -> dict[str, Any]:
        self._bucket, self._script, self._calls = Bucket(self._name), Script(), Calls()
        return {}

    def connect(self) -> Connection:
        return Connection(self.answer)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        calls = self._calls
        if request.path.startswith("/_"):
            await answer_control(request, exchange, calls, self._controls(), ScriptRefused)
            return
        await calls.answer(request, exchange, lambda number: f"SIM{number:08X}", self._play)

    def _controls(self) -> dict[tuple[str, str], Route]:
        return {
            ("POST", "/_script"): self._load,
            ("POST", "/_reset"): self._reset,
            ("POST", "/_put"): self._put,
            ("GET", "/_objects"): lambda _body: {
                "objects": {
                    name: base64.b64encode(each.content).decode() for name, each in self._bucket.objects.items()
                },
                "written": self._bucket.written,
            },
            ("GET", "/_calls"): lambda _body: {
                "calls": [call.shown() for call in self._calls.made],
                "actions_left": self._script.left,
            },
        }

    def _load(self, body: Any) -> dict[str, Any]:
        self._script.load(body.get("once", []), body.get("then", []))
        return {"loaded": self._script.left}

    def _put(self, body: Any) -> dict[str, Any]:
        return self._bucket.put(body["name"], base64.b64decode(body["content"]), {})

    async def _play(self, call: Call, exchange: Exchange) -> None:
        request = call.request
        action = self._script.next(f"{request.method} {unquote(request.path)}", request.body.decode("utf-8", "replace"))
        await exchange.pause(action.delay)
        if action.hold == "before":
            await exchange.hold()
        done = self._carried_out(request) if action.applies else None
        await exchange.pause(action.delay_after)
        if action.hold == "after":
            await exchange.hold()
        if action.cut is not None and action.cut.after_bytes is None:
            _cut(exchange, action.cut.how)
            return
        if done is None or action.answer is not None:
            done = _instead(action)
        await _send(call, exchange, action, done)

    def _carried_out(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        path, _, query = request.path.partition("?")
        bucket, _, name = path.removeprefix("/").partition("/")
        bucket, name, asked = unquote(bucket), unquote(name), parse_qs(query)
        try:
            self._bucket.check_name(bucket)
            if request.method == "PUT":
                return 200, self._bucket.put(name, request.body, request.headers), b""
            if request.method == "DELETE":
                self._bucket.delete(name, request.headers)
                return 204, {}, b""
            if request.method == "GET" and not name:
                return 200, {"content-type": XML}, self._bucket.list(asked.get("prefix", [""])[0])
            stored = self._bucket.get(name)
        except Refused as refusal:
            return refusal.status, {"content-type": XML}, refusal.body
        return 200, stored.headers(), stored.content


def _instead(action: Action) -> tuple[int, dict[str, str], bytes]:
    said = action.answer
    if said is None:
        return 200, {}, b""
    text = json.dumps(said.json) if said.text is None else said.text
    return said.status, {"content-type": said.content_type}, text.encode()


async def _send(call: Call, exchange: Exchange, action: Action, done: tuple[int, dict[str, str], bytes]) -> None:
    status, headers, whole = done
    body = whole if action.cut is None else whole[: action.cut.after_bytes]
    shown = {"x-guploader-uploadid": call.request_id, **headers, **action.headers}
    exchange.head(status, shown.items(), len(whole))
    call.status = status
    await exchange.send(b"" if call.request.method == "HEAD" else body)
    if action.cut is None:
        exchange.end()
    else:
        _cut(exchange, action.cut.how)


def _cut(exchange: Exchange, how: str) -> None:
    {"end": exchange.end, "close": exchange.close, "reset": exchange.reset}[how]()
