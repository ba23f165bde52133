"""Google Pub/Sub by its REST door: one small request per event, in the order of each pipeline.

A request may carry only one ordering key, and at most one event of a pipeline is handed over at a time, so there is
nothing to batch. The official client brings gRPC, its own threads, batching and retries; the relay is all of that.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from penstock.domain.events import Event, Published

if TYPE_CHECKING:
    import aiohttp

HOST = "https://pubsub.googleapis.com"
_AT_ONCE = 16
_CONNECT_S, _TOTAL_S = 2.0, 5.0
"""BEHAVIOUR.md §4, relay."""
_OK, _BAD_REQUEST, _UNAUTHENTICATED, _TOO_LARGE = 200, 400, 401, 413
_WORDS = {401: "it does not accept the credentials", 403: "it does not permit it", 404: "there is no such topic"}


class Tokens(Protocol):
    """Access tokens of the cloud."""

    async def token(self, *, fresh: bool = False) -> str | None:
        """Return a token, ``fresh``: not one that was given before; None where none is needed. Raises OSError."""
        ...


class PubSub:
    """A topic."""

    def __init__(self, project: str, topic: str, *, tokens: Tokens, host: str = HOST) -> None:
        self._url = f"{host}/v1/projects/{project}/topics/{topic}:publish"
        self._tokens = tokens
        self._session: aiohttp.ClientSession | None = None

    async def publish(self, events: Sequence[Event]) -> Published:
        """Publish each event; when the topic cannot be reached, the rest is not tried."""
        places = asyncio.Semaphore(_AT_ONCE)
        done: set[str] = set()
        refused: dict[str, str] = {}
        away: list[str] = []

        async def one(event: Event) -> None:
            async with places:
                if away:
                    return
                try:
                    status = await self._send(event)
                except OSError as problem:  # a TimeoutError, too
                    away.append(_reason(problem))
                    return
            if status == _OK:
                done.add(event.event_id)
            elif status in {_BAD_REQUEST, _TOO_LARGE}:
                refused[event.event_id] = f"Pub/Sub answered {status}"
            else:
                away.append(_WORDS.get(status, f"it answered {status}"))

        await asyncio.gather(*(one(event) for event in events))
        return Published(frozenset(done), refused, f"Pub/Sub: {away[0]}" if away else None)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, event: Event) -> int:
        status = await self._post(event, await self._tokens.token())
        if status == _UNAUTHENTICATED:
            status = await self._post(event, await self._tokens.token(fresh=True))
        return status

    async def _post(self, event: Event, token: str | None) -> int:
        """Return the answer's status. Raises OSError, TimeoutError; an unreadable answer counts as none."""
        import aiohttp

        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        try:
            async with self._opened().post(
                self._url, data=message_of(event), headers=headers, allow_redirects=False
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientError as problem:
            if isinstance(problem, OSError):
                raise
            raise ConnectionError from problem
        if answer.status == _OK and not _has_an_id(body):  # a proxy's page, say: nothing proves that Pub/Sub has it
            raise ConnectionError
        return answer.status

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TOTAL_S, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=_AT_ONCE),
            )
        return self._session


def message_of(event: Event) -> bytes:
    """Return the body of a publish request."""
    message: dict[str, Any] = {
        "data": base64.b64encode(orjson.dumps(event.document(), default=str)).decode(),
        "attributes": {"event_id": event.event_id, "kind": event.kind, "org_id": event.org_id},
    }
    if event.pipeline_id is not None:
        message["orderingKey"] = event.pipeline_id
    return orjson.dumps({"messages": [message]})


def _has_an_id(body: bytes) -> bool:
    try:
        answered = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answered, dict) and bool(answered.get("messageIds"))


def _reason(problem: BaseException) -> str:
    return "it did not answer in time" if isinstance(problem, TimeoutError) else "it cannot be reached"
