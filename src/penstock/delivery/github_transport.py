"""One HTTP call to GitHub by aiohttp: its times, its sizes, its redirects. Retries are somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson
from yarl import URL

from penstock.errors import InvalidConfiguration

MOST_BYTES = 16 * 1024 * 1024
"""Of one answer, unpacked; reading stops there."""
MOST_CONNECTIONS = 16
"""The bulkhead of BEHAVIOUR.md §2.5."""
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 307, 308})
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": "penstock",
    "X-GitHub-Api-Version": "2022-11-28",
}
RAW = "application/vnd.github.raw+json"


class NotAnswered(Exception):
    """No answer, or none to rely on: whether the call was carried out is unknown."""


class LedElsewhere(Exception):
    """A redirect to another host, which is never followed: it would carry the token there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes

    @property
    def json(self) -> Any:
        """The content as JSON. Raises NotAnswered when it is none: a proxy's page, or a body cut short."""
        try:
            return orjson.loads(self.content)
        except ValueError:
            kind = self.headers.get("content-type", "no type").partition(";")[0]
            raise NotAnswered(f"The answer ({self.status}, {kind}) is no JSON.") from None

    @property
    def message(self) -> str:
        """GitHub's words in an error, its details included; empty where it has none."""
        try:
            told = orjson.loads(self.content)
        except ValueError:
            return ""
        if not isinstance(told, dict):
            return ""
        errors = told.get("errors")
        details = [each.get("message") if isinstance(each, dict) else each for each in errors or ()]
        words = [told.get("message"), *details] if isinstance(errors, list) else [told.get("message")]
        return " ".join(each for each in words if isinstance(each, str))


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one call; BEHAVIOUR.md §4."""

    connect_s: float = 1.0
    read_s: float = 2.0
    write_s: float = 5.0


class Transport:
    """A pool of connections to one API. ``base_url``: https://api.github.com, or https://HOST/api/v3."""

    def __init__(self, base_url: str, *, times: Times | None = None, most_bytes: int = MOST_BYTES) -> None:
        """Open nothing yet. Raises InvalidConfiguration for a base that is no http(s) address."""
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            message = "The address of GitHub's API is no plain http(s) address."
            raise InvalidConfiguration(message, fields=["github.base_url"])
        self.base_url = base_url.rstrip("/")
        self._origin = (parts.scheme, parts.hostname, parts.port)
        self._times = times or Times()
        self._most_bytes = most_bytes
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, method: str, path: str, *, token: str, body: Any = None, accept: str | None = None) -> Reply:
        """Send one call and follow redirects within the host. Raises NotAnswered, LedElsewhere."""
        url = self.base_url + path
        content = None if body is None else orjson.dumps(body)
        headers = {**_HEADERS, "Authorization": f"Bearer {token}"}
        headers |= {"Accept": accept} if accept else {}
        headers |= {"Content-Type": "application/json"} if content is not None else {}
        for _ in range(_MOST_REDIRECTS + 1):
            reply = await self._once(method, url, headers, content)
            target = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not target:
                return reply
            url = self._within(urljoin(url, target))
        raise NotAnswered("The host redirects in circles.")

    async def _once(self, method: str, url: str, headers: dict[str, str], content: bytes | None) -> Reply:
        total = self._times.read_s if method == "GET" else self._times.write_s
        timeout = aiohttp.ClientTimeout(total=total, sock_connect=self._times.connect_s, sock_read=total)
        try:
            async with self._opened().request(
                method,
                URL(url, encoded=True),
                data=content,
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                named = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, named, await self._read(response))
        except TimeoutError:
            raise NotAnswered(f"No answer within {total:g} s.") from None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as problem:
            raise NotAnswered(f"The connection failed: {type(problem).__name__}.") from problem

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        read = bytearray()
        async for chunk in response.content.iter_any():
            read += chunk
            if len(read) > self._most_bytes:
                raise NotAnswered(f"The answer is larger than {self._most_bytes} bytes.")
        return bytes(read)

    def _within(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            origin = (parts.scheme, parts.hostname, parts.port)
        except ValueError:
            raise LedElsewhere("A redirect leads nowhere.") from None
        if origin != self._origin:
            raise LedElsewhere(f"A redirect leads to another host: {parts.hostname}.")
        return url

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, keepalive_timeout=30),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
