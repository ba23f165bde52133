"""The simulated API: carry a call out on the repositories, play the next action of the script on it, remember it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.controls import Call, Calls, Route, answer_control
from fakes.wire import Connection, Exchange, Request

from . import routes
from .access import caller_of
from .asked import Answer, place_of, read
from .changes import Changes
from .limits import Limits
from .refusals import NO_USER_AGENT, Refused
from .script import Action, Script, ScriptRefused
from .world import Caller, World

THREADS = 16  # calls carried out at once; each waits for git most of the time
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, ready to be sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class SimulatedApi:
    """All state of one process: the world, its limits, script, calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(THREADS, "github")
        self._reset(None)

    def _reset(self, _body: Any) -> dict[str, Any]:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._script, self._limits, self._calls = Script(), Limits(), Calls()
        self._world = World(self._folder)
        self._changes = Changes(self._world, self._limits)
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
        await calls.answer(request, exchange, lambda number: f"0000:SIM:{number:08X}", self._play)

    def _controls(self) -> dict[tuple[str, str], Route]:
        return {
            ("POST", "/_script"): self._load,
            ("POST", "/_reset"): self._reset,
            ("POST", "/_change"): lambda body: [self._changes.make(each) for each in body],
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
        request = call.request
        path, query, _ = place_of(request.path)
        asked = f"{request.method} {path}" + (f"?{query}" if query else "")
        action = self._script.next(asked, request.body.decode("utf-8", "replace"))
        await self._change(action.before)
        await exchange.pause(action.delay)
        if action.hold == "before":
            await exchange.hold()
        done = await self._thread(lambda: self._carried_out(request)) if action.applies else None
        await self._change(action.after)
        await exchange.pause(action.delay_after)
        if action.hold == "after":
            await exchange.hold()
        if action.cut is not None and action.cut.after_bytes is None:
            _cut(exchange, action.cut.how)
            return
        if done is None or action.answer is not None:
            done = self._instead(request, action)
        await self._send(call, exchange, action, done)

    async def _change(self, changes: list[dict[str, Any]]) -> None:
        for change in changes:
            await self._thread(lambda change=change: self._changes.make(change))  # type: ignore[misc]

    async def _thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _carried_out(self, request: Request) -> Reply:
        """Answer as GitHub would without faults."""
        caller = Caller("anonymous")
        try:
            caller = caller_of(self._world, request.headers)
            answer = self._answered(request, caller)
        except Refused as refusal:
            answer = Answer(refusal.status, refusal.body, refusal.headers)
        except Exception:  # noqa: BLE001 - a fault of the simulation itself must reach who tests with it
            traceback.print_exc()
            answer = Answer(500, {"message": f"the simulated GitHub failed: {traceback.format_exc()}"})
        return self._reply(request, caller, answer)

    def _answered(self, request: Request, caller: Caller) -> Answer:
        if "user-agent" not in request.headers:
            raise Refused(403, NO_USER_AGENT)
        if not _on_enterprise(request):
            with self._world.lock:
                self._limits.take(caller, changes=request.method != "GET")
        return routes.answer(read(request, self._world, caller))

    def _reply(self, request: Request, caller: Caller, answer: Answer) -> Reply:
        body = answer.raw
        if body is None:
            body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
        kind = JSON if answer.raw is None else "application/vnd.github.raw; charset=utf-8"
        headers = {"content-type": kind, **self._rates(request, caller), **answer.headers}
        if request.method == "GET" and answer.status == 200:
            headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["etag"]:
                if not _on_enterprise(request):
                    with self._world.lock:
                        self._limits.give_back(caller)
                return Reply(304, {**headers, **self._rates(request, caller)}, b"")
        return Reply(answer.status, headers, body)

    def _rates(self, request: Request, caller: Caller) -> dict[str, str]:
        """Return the headers of the limit; an Enterprise Server has none unless its owner wants it (documented)."""
        if _on_enterprise(request):
            return {"x-github-enterprise-version": "3.22.0"}
        resource = "graphql" if request.path.endswith("/graphql") else "core"
        with self._world.lock:
            return self._limits.window(caller).headers(resource)

    def _instead(self, request: Request, action: Action) -> Reply:
        """Answer what the script says."""
        try:
            caller = caller_of(self._world, request.headers)
        except Refused:
            caller = Caller("anonymous")
        said = action.answer
        if said is None:
            return Reply(200, {"content-type": JSON, **self._rates(request, caller)}, b"")
        body = json.dumps(said.json) if said.text is None else said.text
        return Reply(said.status, {"content-type": said.content_type, **self._rates(request, caller)}, body.encode())

    async def _send(self, call: Call, exchange: Exchange, action: Action, reply: Reply) -> None:
        fixed = {"server": "github.com", "x-github-request-id": call.request_id, "vary": "Accept, Authorization"}
        headers = {**fixed, **reply.headers, **{name.lower(): value for name, value in action.headers.items()}}
        cut = action.cut
        body = reply.body if cut is None else reply.body[: cut.after_bytes]
        whole = len(body) if cut is not None and cut.how == "end" else len(reply.body)
        exchange.head(reply.status, headers.items(), whole)
        call.status = reply.status
        await exchange.send(body)
        if cut is None:
            exchange.end()
        else:
            _cut(exchange, cut.how)


def _on_enterprise(request: Request) -> bool:
    return request.path.startswith("/api/")


def _cut(exchange: Exchange, how: str) -> None:
    {"end": exchange.end, "close": exchange.close, "reset": exchange.reset}[how]()
