"""Answers as the API writes them: one JSON message, or the same message as server-sent events, or an error."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .judging import GOOGLE_STATUS, TYPE_BY_STATUS, Asked, cached_prefix
from .schemas import least
from .script import Action, ErrorEvent, Failure

CHARACTERS_PER_TOKEN = 4
GZIP_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, in the pieces it is sent in; without a length the body is chunked."""

    status: int
    content_type: str
    pieces: list[bytes]
    length: int | None


class PromptCache:
    """Which prompt prefixes were seen before. Unlike the API it has no least length and nothing expires."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def usage(self, asked: Asked) -> dict[str, Any]:
        """Count input tokens as the API splits them: read from cache, written to it, neither."""
        prefix = json.dumps(cached_prefix(asked.params))
        stored = len(prefix) // CHARACTERS_PER_TOKEN if prefix != "[]" else 0
        whole = len(json.dumps(asked.params)) // CHARACTERS_PER_TOKEN
        hit = prefix in self._seen
        self._seen.add(prefix)
        written = 0 if hit else stored
        return {
            "input_tokens": max(1, whole - stored),
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": stored if hit else 0,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        }


def message_of(asked: Asked, action: Action, usage: dict[str, Any], number: int) -> dict[str, Any]:
    """Build the complete message (API reference, "Message")."""
    content = _content(asked, action)
    written = sum(len(block.get("text", "")) for block in content)
    return {
        "id": f"msg_simulated{number:012d}",
        "type": "message",
        "role": "assistant",
        "model": action.model or asked.model,
        "content": content,
        "stop_reason": action.stop_reason,
        "stop_sequence": None,
        "stop_details": action.stop_details,
        "usage": {**usage, "output_tokens": written // CHARACTERS_PER_TOKEN + 1, **action.usage},
    }


def _content(asked: Asked, action: Action) -> list[dict[str, Any]]:
    if action.content is not None:
        return action.content
    if action.text is not None:
        return [{"type": "text", "text": action.text * action.repeat}]
    answer = action.answer
    if "answer" not in action.named:
        answer = least(asked.schema) if asked.schema else {}
    return [{"type": "text", "text": json.dumps(answer, ensure_ascii=False)}]


def json_reply(message: dict[str, Any]) -> Reply:
    data = json.dumps(message, ensure_ascii=False).encode()
    return Reply(200, "application/json", [data], len(data))


def stream_reply(message: dict[str, Any], chunk: int, failure: ErrorEvent | None) -> Reply:
    """Write the message as events in the documented order ("Streaming messages")."""
    events = [_event(each) for each in _events(message, chunk)]
    if failure is not None:
        error = {"type": "error", "error": {"type": failure.type, "message": failure.message}}
        events = [*events[: failure.after_events], _event(error)]
    return Reply(200, "text/event-stream; charset=utf-8", events, None)


def _events(message: dict[str, Any], chunk: int) -> Iterator[dict[str, Any]]:
    ended = ("stop_reason", "stop_sequence", "stop_details")
    usage = message["usage"]
    begun = {**message, **dict.fromkeys(ended), "content": [], "usage": {**usage, "output_tokens": 1}}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        text = block.get("text")
        opened = block if text is None else {**block, "text": ""}
        yield {"type": "content_block_start", "index": index, "content_block": opened}
        if index == 0:
            yield {"type": "ping"}
        for start in range(0, len(text or ""), chunk):
            delta = {"type": "text_delta", "text": text[start : start + chunk]}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    yield {
        "type": "message_delta",
        "delta": {name: message[name] for name in ended},
        "usage": {name: usage[name] for name in counted},
    }
    yield {"type": "message_stop"}


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def error_reply(failure: Failure, request_id: str, *, vertex: bool) -> Reply:
    """Write an error body. In front of Vertex AI stands Google, which has its own shape for what it refuses itself."""
    body: dict[str, Any]
    if vertex and failure.type is None and failure.status in GOOGLE_STATUS:
        google = {"code": failure.status, "message": failure.message, "status": GOOGLE_STATUS[failure.status]}
        body = {"error": google}
    else:
        fallback = "invalid_request_error" if failure.status < 500 else "api_error"
        error: dict[str, Any] = {
            "type": failure.type or TYPE_BY_STATUS.get(failure.status, fallback),
            "message": failure.message,
        }
        if failure.error_code:
            error["details"] = {"error_code": failure.error_code}
        body = {"type": "error", "error": error, "request_id": request_id}
    data = json.dumps(body).encode()
    return Reply(failure.status, "application/json", [data], len(data))


def compressed(pieces: Iterable[bytes]) -> list[bytes]:
    """Compress a body as gzip without ever holding it twice."""
    packer = zlib.compressobj(wbits=31)
    blocks = itertools.chain.from_iterable(_blocks(each) for each in pieces)
    return [b"".join([*(packer.compress(block) for block in blocks), packer.flush()])]


def _blocks(piece: bytes) -> Iterator[bytes]:
    return (piece[start : start + GZIP_BLOCK] for start in range(0, len(piece), GZIP_BLOCK))
