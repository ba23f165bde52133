"""Ask the simulated Claude by the vendor's own library, the way Penstock is built to."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from fakes.claude_process import SimulatedClaude

MODEL = "claude-opus-5-5"
SCHEMA = {
    "type": "object",
    "properties": {"region": {"type": "string"}, "targets": {"type": "array", "items": {"enum": ["gke", "run"]}}},
    "required": ["region", "targets"],
    "additionalProperties": False,
}
STRUCTURED = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
PLENTY = 10.0  # seconds no answer of these tests needs


@dataclass
class Heard:
    """What a stream brought, up to its end or to `failure`."""

    events: list[Any] = field(default_factory=list)
    request_id: str | None = None
    failure: Exception | None = None

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def text(self) -> str:
        return "".join(event.delta.text for event in self.events if event.type == "content_block_delta")


def request(**params: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Deploy payment-api"}],
        **params,
    }


def api_client(sdk: ModuleType, claude: SimulatedClaude, **options: Any) -> Any:
    """Build the client that Penstock's own settings would build."""
    return sdk.AsyncAnthropic(
        **{
            "api_key": "sk-ant-simulated",
            "base_url": claude.url,
            "max_retries": 0,
            "timeout": PLENTY,
            "open_telemetry": False,
            "http_client": sdk.DefaultAioHttpClient(),
            **options,
        }
    )


def ask(sdk: ModuleType, claude: SimulatedClaude, *, options: dict[str, Any] | None = None, **params: Any) -> Any:
    """Ask for one JSON message."""

    async def asking() -> Any:
        async with api_client(sdk, claude, **(options or {})) as client:
            return await client.messages.create(**request(**params))

    return asyncio.run(asking())


def listen(sdk: ModuleType, claude: SimulatedClaude, *, options: dict[str, Any] | None = None, **params: Any) -> Heard:
    """Ask for a stream and take what comes; a failure in the middle is kept beside what came before it."""

    async def listening() -> Heard:
        heard = Heard()
        async with api_client(sdk, claude, **(options or {})) as client:
            stream = await client.messages.create(stream=True, **request(**params))
            heard.request_id = stream.response.headers.get("request-id")
            try:
                async for event in stream:
                    heard.events.append(event)
            except Exception as failure:  # noqa: BLE001 - whatever it is, the test looks at it
                heard.failure = failure
        return heard

    return asyncio.run(listening())


@contextmanager
def raw_call(claude: SimulatedClaude, path: str = "/v1/messages") -> Iterator[http.client.HTTPConnection]:
    """Send a good request without the library; the answer is not read yet."""
    connection = http.client.HTTPConnection("127.0.0.1", claude.port, timeout=5)
    connection.request(
        "POST",
        path,
        json.dumps({**request(), "anthropic_version": "2026-10-21"} if path != "/v1/messages" else request()),
        {"authorization": "Bearer simulated", "anthropic-version": "2026-10-21"},
    )
    yield connection
    connection.close()
