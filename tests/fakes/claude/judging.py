"""What the Messages API refuses before any model runs (API reference "Create a Message", "Errors", "Versions").

Status and type follow the documents; the wording of messages is not promised by the API and nothing may rest on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakes.wire import Request

from .schemas import problem_of

MODELS = {
    "claude-opus-5-5": 128_000,
    "claude-sonnet-5-5": 128_000,
    "claude-haiku-5-5": 64_000,
    "claude-opus-4-8": 128_000,
    "claude-sonnet-4-6": 64_000,
    "claude-haiku-4-5": 64_000,
}  # the most output tokens each may be asked for
VERSIONS = {"2023-01-01", "2023-06-01", "2026-10-21"}
VERTEX_VERSIONS = {"vertex-2023-10-16", "2026-10-21"}
SAMPLING = ("temperature", "top_p", "top_k")  # removed in version 2026-10-21
PARAMETERS = {
    "cache_control", "container", "diagnostics", "inference_geo", "max_tokens", "messages", "metadata", "model",
    "output_config", "service_tier", "speed", "stop_sequences", "stream", "system", "thinking", "tool_choice", "tools",
}  # fmt: skip
VERTEX = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/publishers/anthropic/models/"
    r"(?P<model>[^/:]+):(?P<verb>rawPredict|streamRawPredict)"
)
MAX_CACHE_BREAKPOINTS = 4
TYPE_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
GOOGLE_STATUS = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}


class Refusal(Exception):
    """An error answer of the API itself."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that a model may answer."""

    model: str
    stream: bool
    params: dict[str, Any]
    vertex: bool

    @property
    def schema(self) -> Any:
        """The schema of the structured output asked for, or None."""
        output = (self.params.get("output_config") or {}).get("format") or {}
        return output.get("schema")


def judge(request: Request) -> Asked:
    """Check a request in the order the API does: place, credential, size, version, body."""
    path, _, _ = request.path.partition("?")
    place = VERTEX.fullmatch(path)
    if path != "/v1/messages" and place is None:
        raise Refusal(404, f"Not found: {path}")
    if request.method != "POST":
        raise Refusal(405, "Method Not Allowed")
    _check_credential(request.headers, vertex=place is not None)
    if request.oversized:
        raise Refusal(413, "Request exceeds the maximum size")
    params = _params(request.body)
    version = _version(request.headers, params, vertex=place is not None)
    if place is not None:
        _refuse_if("model" in params, "model: Extra inputs are not permitted")
        params["model"] = place["model"].partition("@")[0]
        params["stream"] = params.get("stream", place["verb"] == "streamRawPredict")
    _check_params(params, version)
    return Asked(params["model"], params.get("stream", False), params, place is not None)


def _check_credential(headers: dict[str, str], *, vertex: bool) -> None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = scheme.lower() == "bearer" and token.strip()
    if not bearer and (vertex or not headers.get("x-api-key")):
        raise Refusal(401, "A credential is required: the Authorization header")


def _params(body: bytes) -> dict[str, Any]:
    try:
        params = json.loads(body)
    except ValueError as problem:
        raise Refusal(400, f"The request body is not valid JSON: {problem}") from problem
    if not isinstance(params, dict):
        raise Refusal(400, "Input should be an object")
    return params


def _version(headers: dict[str, str], params: dict[str, Any], *, vertex: bool) -> str:
    version = params.pop("anthropic_version", None) if vertex else headers.get("anthropic-version")
    known = VERTEX_VERSIONS if vertex else VERSIONS
    name = "anthropic_version" if vertex else "anthropic-version"
    _refuse_if(version is None, f"{name}: Field required")
    _refuse_if(version not in known, f"{name}: {version!r} is not a valid version")
    return str(version)


def _check_params(params: dict[str, Any], version: str) -> None:
    for name in ("model", "max_tokens", "messages"):
        _refuse_if(name not in params, f"{name}: Field required")
    sampling = () if version == "2026-10-21" else SAMPLING
    for name in params:
        _refuse_if(name not in PARAMETERS and name not in sampling, f"{name}: Extra inputs are not permitted")
    if params["model"] not in MODELS:
        raise Refusal(404, f"model: {params['model']}")
    _check_max_tokens(params)
    _refuse_if(not isinstance(params.get("stream", False), bool), "stream: Input should be a valid boolean")
    _check_system(params.get("system", []))
    _check_messages(params["messages"])
    found = sum("cache_control" in block for block in _blocks(params))
    _refuse_if(
        found > MAX_CACHE_BREAKPOINTS, f"A maximum of 4 blocks with cache_control may be provided. Found {found}."
    )
    _check_output(params.get("output_config"))


def _check_max_tokens(params: dict[str, Any]) -> None:
    tokens, most = params["max_tokens"], MODELS[params["model"]]
    _refuse_if(not isinstance(tokens, int) or isinstance(tokens, bool), "max_tokens: Input should be a valid integer")
    _refuse_if(tokens < 0, "max_tokens: Input should be greater than or equal to 0")
    _refuse_if(tokens > most, f"max_tokens: {tokens} > {most}, which is the maximum for {params['model']}")


def _check_system(system: Any) -> None:
    if not isinstance(system, str):
        _refuse_if(not isinstance(system, list), "system: Input should be a string or a list")
        for place, block in enumerate(system):
            _check_block(block, f"system.{place}")


def _check_messages(messages: Any) -> None:
    _refuse_if(not isinstance(messages, list) or not messages, "messages: at least one message is required")
    for place, message in enumerate(messages):
        _refuse_if(not isinstance(message, dict), f"messages.{place}: Input should be an object")
        _refuse_if(message.get("role") not in {"user", "assistant"}, f"messages.{place}.role: Input should be 'user'")
        content = message.get("content")
        _refuse_if(not content, f"messages.{place}: all messages must have non-empty content")
        for index, block in enumerate(content if isinstance(content, list) else []):
            _check_block(block, f"messages.{place}.content.{index}")
    _refuse_if(
        messages[-1]["role"] != "user",
        "This model does not support assistant message prefill. The conversation must end with a user message.",
    )


def _check_block(block: Any, where: str) -> None:
    _refuse_if(not isinstance(block, dict) or "type" not in block, f"{where}.type: Field required")
    if block["type"] == "text":
        _refuse_if(not isinstance(block.get("text"), str), f"{where}.text: Field required")
        _refuse_if(not block["text"].strip(), f"{where}: text content blocks must be non-empty")
    cache = block.get("cache_control")
    if cache is not None:
        _refuse_if(cache.get("type") != "ephemeral", f"{where}.cache_control.type: Input should be 'ephemeral'")
        _refuse_if(
            cache.get("ttl", "5m") not in {"5m", "1h"}, f"{where}.cache_control.ttl: Input should be '5m' or '1h'"
        )


def _check_output(config: Any) -> None:
    if config is None:
        return
    unknown = sorted(set(config) - {"format", "effort"}) if isinstance(config, dict) else ["not an object"]
    _refuse_if(bool(unknown), f"output_config: {', '.join(unknown)}: Extra inputs are not permitted")
    shape = config.get("format")
    if shape is not None:
        kind = shape.get("type") if isinstance(shape, dict) else None
        _refuse_if(kind != "json_schema", "output_config.format.type: Input should be 'json_schema'")
        _refuse_if("schema" not in shape, "output_config.format.schema: Field required")
        problem = problem_of(shape["schema"])
        _refuse_if(problem is not None, f"output_config.format.{problem}")


def _blocks(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    system = params.get("system", [])
    yield from system if isinstance(system, list) else []
    for message in params["messages"]:
        yield from message["content"] if isinstance(message["content"], list) else []


def cached_prefix(params: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the blocks up to the last one marked for the prompt cache."""
    blocks = list(_blocks(params))
    marked = [place for place, block in enumerate(blocks) if "cache_control" in block]
    return blocks[: marked[-1] + 1] if marked else []


def _refuse_if(wrong: bool, message: str) -> None:
    if wrong:
        raise Refusal(400, message)
