"""Takes a request's body in: bounded in size, time and form, before anything of ours looks at it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, NoReturn

import orjson
from starlette.types import Message, Receive

from penstock.errors import InvalidRequest, PayloadTooLarge
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.refusals import BodyTimeout, UnsupportedMediaType

Headers = list[tuple[bytes, bytes]]
_JSON = re.compile(rb"\Aapplication/json[ \t]*(;[ \t]*charset=\"?utf-?8\"?[ \t]*)?\Z", re.IGNORECASE)
_KEY = re.compile(rb"\A[\x20-\x7e]{1,255}\Z")


_MILLISECONDS = re.compile(rb"\A[0-9]{1,6}\Z")
_LEAST_MS, _MOST_MS = 5_000, 45_000


class ClientGone(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


def header_values(headers: Headers, name: bytes) -> tuple[bytes, ...]:
    """Return every value of a header, in order; ASGI gives names in lower case."""
    return tuple(value for key, value in headers if key == name)


def idempotency_key(headers: Headers) -> str | None:
    """Return the request's Idempotency-Key (BEHAVIOUR.md §2.3). Raises InvalidRequest unless 1-255 printable ASCII."""
    values = header_values(headers, b"idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _KEY.match(values[0]):
        message = "Idempotency-Key must be sent once and consist of 1 to 255 printable ASCII characters."
        raise InvalidRequest(message)
    return values[0].decode("ascii")


def timeout_s(headers: Headers, most_s: float) -> float:
    """Return how long the caller waits: X-Request-Timeout-Ms, or ``most_s``.

    Raises InvalidRequest unless it is a whole number of milliseconds in the bounds (BEHAVIOUR.md §2.4).
    """
    values = header_values(headers, b"x-request-timeout-ms")
    if not values:
        return most_s
    if len(values) > 1 or not _MILLISECONDS.match(values[0]) or not _LEAST_MS <= int(values[0]) <= _MOST_MS:
        message = f"X-Request-Timeout-Ms must be sent once and be a whole number from {_LEAST_MS} to {_MOST_MS}."
        raise InvalidRequest(message)
    return min(int(values[0]) / 1000, most_s)


async def read_json(headers: Headers, receive: Receive, limits: Limits) -> Any:
    """Read and parse a JSON body.

    Raises UnsupportedMediaType, PayloadTooLarge (without reading on), BodyTimeout, InvalidRequest, ClientGone.
    """
    _check_media_type(headers)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            body = await _read(headers, receive, limits.max_body_bytes)
    except TimeoutError:
        message = f"The body did not arrive within {limits.body_timeout_s:g} seconds."
        raise BodyTimeout(message) from None
    return parse(body)


def _check_media_type(headers: Headers) -> None:
    types = header_values(headers, b"content-type")
    if len(types) != 1 or not _JSON.match(types[0]):
        raise UnsupportedMediaType
    if any(value.strip().lower() != b"identity" for value in header_values(headers, b"content-encoding")):
        raise UnsupportedMediaType


async def _read(headers: Headers, receive: Receive, most: int) -> bytes:
    declared = header_values(headers, b"content-length")
    if declared and declared[0].isdigit() and int(declared[0]) > most:
        _too_large(most)
    chunks, size = [], 0
    more = True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            _too_large(most)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


def _too_large(most: int) -> NoReturn:
    message = f"The body is larger than {most} bytes."
    raise PayloadTooLarge(message, max_bytes=most)


def parse(body: bytes) -> Any:
    """Parse strict JSON: UTF-8, no NaN, no lone surrogates, no key twice, bounded depth. Raises InvalidRequest.

    orjson refuses all but duplicate keys and numbers beyond a double; the second parser is there for those.
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        message = f"The body is not valid JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})."
        raise InvalidRequest(message) from None
    try:
        return json.loads(body, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_constant)
    except RecursionError:
        message = "The body is nested too deeply."
        raise InvalidRequest(message) from None
    except ValueError as problem:
        message = f"The body is not valid JSON: {problem}."
        raise InvalidRequest(message) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add gives None
        message = f"the key {twice[:100]!r} is there twice"
        raise ValueError(message)
    return document


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        message = f"the number {text[:40]} is too large"
        raise ValueError(message)
    return number


def _constant(text: str) -> NoReturn:
    message = f"{text} is no JSON value"
    raise ValueError(message)
