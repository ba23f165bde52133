"""Claude by the official SDK: one attempt, streamed, watched byte by byte. Only bootstrap imports this module.

The SDK takes two seconds and 80 MB to import, so that happens in a thread, at the first attempt or when the server
warms up. Its own retries are off (BEHAVIOUR.md C50): attempts.py is the one owner of retries.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from penstock.domain.models import Usage
from penstock.generation.claude_failures import NO_ADDRESS, Misconfigured, Unfit, failure_of, failure_of_event
from penstock.generation.model import AttemptLimits, FailureKind, ModelAnswer, ModelFailed, Prompt
from penstock.kit.crash_points import crash_point

MOST_BYTES = 2 * 1024 * 1024
"""Reading stops here (BEHAVIOUR.md §5, row 47)."""
_SANE_OUTPUT, _MOST_INPUT = 4, 10_000_000
"""What is believed of the counts that come back: output by the multiple of what was allowed, input in tokens."""
_TOOL, _TOOL_USE = "repository_facts", "toolu_repository_facts"


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the model: an API key for the Claude API, or a project and region for Vertex AI."""

    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    vertex_project: str | None = None
    vertex_region: str | None = None
    vertex_token: str | None = field(default=None, repr=False)
    """A fixed access token; None takes Google's application default credentials."""


@dataclass
class _Watch:
    """What is known of the bytes of one attempt."""

    timer: asyncio.Timeout
    idle_s: float
    seen: int = 0

    def saw(self, count: int) -> None:
        """Note bytes, and give the next ones their time. Raises Unfit beyond the cap."""
        self.seen += count
        if self.seen > MOST_BYTES:
            raise Unfit(f"The answer is larger than {MOST_BYTES} bytes.")
        self.timer.reschedule(asyncio.get_running_loop().time() + self.idle_s)


_watching: ContextVar[_Watch | None] = ContextVar("penstock_model_watch", default=None)


class ClaudeModel:
    """One Claude model."""

    def __init__(self, name: str, access: Access) -> None:
        self.name = name
        self._access = access
        self._client: Any = None
        self._making = threading.Lock()

    async def warm(self) -> None:
        """Import the SDK and make the client, so that the first question need not wait; what fails, fails there."""
        with contextlib.suppress(ModelFailed):
            await self._ready()

    async def _ready(self) -> None:
        """Make the client. Raises ModelFailed when a setting keeps it from being made."""
        if self._client is not None:
            return
        try:
            self._client = await asyncio.to_thread(self._made)
        except Exception as problem:
            raise failure_of(problem, begun=False, usage=Usage()) from problem

    async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
        """Return a complete message. Raises ModelFailed."""
        await self._ready()
        total = asyncio.timeout(limits.total_s)
        quiet = asyncio.timeout(limits.first_byte_s)
        watch = _Watch(quiet, limits.idle_s)
        token = _watching.set(watch)
        message = _Message(most_output=_SANE_OUTPUT * prompt.max_tokens)
        try:
            async with total, quiet:
                return await self._streamed(prompt, limits, message)
        except TimeoutError:
            raise _late(total, watch, limits, message.usage) from None
        except ModelFailed as problem:
            problem.usage = message.usage
            raise
        except Exception as problem:
            raise failure_of(problem, begun=watch.seen > 0, usage=message.usage) from problem
        finally:
            _watching.reset(token)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            with contextlib.suppress(Exception):
                await self._client.close()

    async def _streamed(self, prompt: Prompt, limits: AttemptLimits, message: _Message) -> ModelAnswer:
        import anthropic

        asking = self._client.messages.with_streaming_response.create(
            **_body(self.name, prompt),
            stream=True,
            timeout=anthropic.Timeout(limits.total_s + 1, connect=limits.connect_s),
        )
        async with asking as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                raise Unfit(f"The answer is {kind.partition(';')[0] or 'of no type'}, not a stream of events.")
            async for event in anthropic.AsyncStream.raw_events(response.http_response):
                message.take(event.event, event.data)
                crash_point("K3")
                if message.complete:
                    break
        if not message.complete:
            raise ModelFailed(FailureKind.RESET, "The answer ended before it was complete.")
        return message.answer(self.name, response.headers.get("request-id", ""))

    def _made(self) -> Any:
        with self._making:
            return self._client or _client(self._access)


def _checked(access: Access) -> None:
    """Look at the settings before anything is sent. Raises Misconfigured with the name of the wrong one."""
    if access.base_url:
        try:
            parts = urlsplit(access.base_url)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fine = False
        if not fine:
            raise Misconfigured(NO_ADDRESS)
    sent = {
        "API_KEY": access.api_key,
        "VERTEX_PROJECT": access.vertex_project,
        "VERTEX_REGION": access.vertex_region,
        "VERTEX_TOKEN": access.vertex_token,
    }
    for name, value in sent.items():
        if value and not (value.isascii() and value.isprintable() and " " not in value):
            message = f"PENSTOCK_MODEL__{name} holds a space, a line end or another character that cannot be sent."
            raise Misconfigured(message)


def _client(access: Access) -> Any:
    import anthropic

    _checked(access)
    # A redirect would carry the whole prompt to wherever it points.
    http = anthropic.DefaultAioHttpClient(event_hooks={"response": [_watch_response]}, follow_redirects=False)
    shared: dict[str, Any] = {
        "max_retries": 0,
        "open_telemetry": False,
        "http_client": http,
        "default_headers": {"Accept-Encoding": "identity"},
    }
    if access.vertex_project:
        return anthropic.AsyncAnthropicVertex(
            project_id=access.vertex_project,
            region=access.vertex_region or "global",
            access_token=access.vertex_token,
            base_url=access.base_url,
            **shared,
        )
    return anthropic.AsyncAnthropic(
        api_key=access.api_key, base_url=access.base_url or "https://api.anthropic.com", **shared
    )


async def _watch_response(response: Any) -> None:
    """Count what arrives, before anybody reads it. Raises Unfit for a compressed answer, which nobody asked for."""
    watch = _watching.get()
    if watch is None:
        return
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unfit("The answer is compressed, which was not asked for: it may be a bomb.")
    from httpx2 import AsyncByteStream

    inner, saw = response.stream, watch.saw

    class Watched(AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in inner:
                saw(len(chunk))
                yield chunk

        async def aclose(self) -> None:
            await inner.aclose()

    response.stream = Watched()


def _body(model: str, prompt: Prompt) -> dict[str, Any]:
    """Return the request: what never changes first, so that it is cached; the repository's words in a tool's result."""
    system: list[dict[str, Any]] = [{"type": "text", "text": text} for text in prompt.system]
    system[-1]["cache_control"] = {"type": "ephemeral"}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": prompt.asked},
        {"role": "assistant", "content": [{"type": "tool_use", "id": _TOOL_USE, "name": _TOOL, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": _TOOL_USE, "content": prompt.found}]},
    ]
    for answer, objection in prompt.turns:
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": objection}]
    return {
        "model": model,
        "max_tokens": prompt.max_tokens,
        "system": system,
        "messages": messages,
        "tools": [{"name": _TOOL, "description": "Facts of the repository.", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "none"},
        "output_config": {"format": {"type": "json_schema", "schema": prompt.schema}},
    }


@dataclass
class _Message:
    """A message in the making, event by event."""

    texts: list[str] = field(default_factory=list)
    stop_reason: str = ""
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    complete: bool = False
    most_output: int = _MOST_INPUT

    def take(self, kind: str | None, data: str) -> None:
        """Take one event. Raises ModelFailed for an error event, Unfit for what is no event of a message."""
        if kind == "ping" or not kind:
            return
        try:
            event = orjson.loads(data)
        except ValueError:
            raise Unfit("An event of the answer is no JSON.") from None
        if kind == "error":
            raise failure_of_event(event)
        if not isinstance(event, dict):
            raise Unfit("An event of the answer is no object.")
        if kind == "message_start":
            started = _dict(event.get("message"))
            self.model = str(started.get("model") or "")
            self._used(_dict(started.get("usage")))
        elif kind == "content_block_delta":
            delta = _dict(event.get("delta"))
            if delta.get("type") == "text_delta":
                self.texts.append(str(delta.get("text") or ""))
        elif kind == "message_delta":
            self.stop_reason = str(_dict(event.get("delta")).get("stop_reason") or self.stop_reason)
            self._used(_dict(event.get("usage")))
        elif kind == "message_stop":
            self.complete = True

    def answer(self, model: str, request_id: str) -> ModelAnswer:
        return ModelAnswer("".join(self.texts), self.stop_reason, self.model or model, self.usage, request_id)

    def _used(self, usage: dict[str, Any]) -> None:
        """Take the counts; those of message_delta are totals, and name only what they know."""
        before = self.usage
        self.usage = Usage(
            _count(usage, "input_tokens", before.input_tokens, _MOST_INPUT),
            _count(usage, "output_tokens", before.output_tokens, self.most_output),
            _count(usage, "cache_read_input_tokens", before.cache_read_tokens, _MOST_INPUT),
            _count(usage, "cache_creation_input_tokens", before.cache_write_tokens, _MOST_INPUT),
        )


def _late(total: asyncio.Timeout, watch: _Watch, limits: AttemptLimits, usage: Usage) -> ModelFailed:
    if total.expired():
        return ModelFailed(FailureKind.TOTAL, f"The answer was not complete after {limits.total_s:g} s.", usage=usage)
    if watch.seen == 0:
        return ModelFailed(FailureKind.FIRST_BYTE, f"Not a byte came in {limits.first_byte_s:g} s.", usage=usage)
    return ModelFailed(FailureKind.IDLE, f"Nothing more came for {limits.idle_s:g} s.", usage=usage)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(usage: dict[str, Any], name: str, before: int, most: int) -> int:
    """Return a count, ``most`` at most: a number beyond reason must not spoil the record of what was paid."""
    value = usage.get(name)
    return min(value, most) if isinstance(value, int) and value >= 0 else before
