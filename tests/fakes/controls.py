"""What every simulated API remembers of its calls, and the control endpoints a test talks to (paths that begin `/_`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .wire import ClientLeft, Exchange, Request

SETTLE_SECONDS = 30  # the longest a reader of /_calls waits

Route = Callable[[Any], Any]  # from the control's JSON body to the JSON it answers


@dataclass(slots=True)
class Call:
    """One request to the API, as it came in, and what became of it."""

    number: int
    request: Request
    request_id: str
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
            "request_id": self.request_id,
            "status": self.status,
            "bytes_sent": self.bytes_sent,
            "client_left": self.client_left,
            "over": self.over,
        }


class Calls:
    """All calls since the last reset, and who waits for them."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self._changed = asyncio.Condition()

    async def answer(
        self,
        request: Request,
        exchange: Exchange,
        request_id: Callable[[int], str],
        play: Callable[[Call, Exchange], Awaitable[None]],
    ) -> None:
        """Note a call, play it, and note how it ended; a client that leaves is no failure of the API."""
        call = await self.add(request, request_id)
        try:
            await play(call, exchange)
        except ClientLeft:
            call.client_left = True
        await self.end(call, exchange)

    async def add(self, request: Request, request_id: Callable[[int], str]) -> Call:
        number = len(self.made) + 1
        call = Call(number, request, request_id(number))
        self.made.append(call)
        await self._tell()
        return call

    async def end(self, call: Call, exchange: Exchange) -> None:
        call.over, call.bytes_sent = True, exchange.sent
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, query: str) -> None:
        """`settled`: until no call is being answered; `at_least=N`: until so many calls came in."""
        wanted = dict(each.partition("=")[::2] for each in query.split("&") if each)
        async with asyncio.timeout(SETTLE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.made) >= int(wanted.get("at_least", 0)))
            if "settled" in wanted:
                await self._changed.wait_for(lambda: all(call.over for call in self.made))


async def answer_control(
    request: Request, exchange: Exchange, calls: Calls, routes: dict[tuple[str, str], Route], refusal: type[Exception]
) -> None:
    """Answer one control call; a `refusal` or a ValueError of a route is the test's own mistake and says so."""
    path, _, query = request.path.partition("?")
    route = routes.get((request.method, path))
    answer: Any
    known = sorted(" ".join(each) for each in routes)
    status, answer = 404, {"problem": f"{request.method} {path} is not a control: {known}"}
    if route is not None:
        try:
            await calls.wait(query)
            answer = await asyncio.to_thread(route, json.loads(request.body or b"null"))
            status = 200
        except (refusal, ValueError) as problem:
            status, answer = 400, {"problem": str(problem)}
        except TimeoutError:
            status, answer = 408, {"problem": f"waited {SETTLE_SECONDS} s", "calls": [c.shown() for c in calls.made]}
    data = json.dumps(answer).encode()
    exchange.head(status, [("content-type", "application/json")], len(data))
    await exchange.send(data)
