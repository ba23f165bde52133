"""The simulated Claude behind the paths of Vertex AI (documents: "Claude on Vertex AI")."""

from __future__ import annotations

import asyncio
import json
from types import ModuleType
from typing import Any

import pytest
from claude_asking import MODEL, STRUCTURED, raw_call, request
from fakes.claude_actions import answer, overloaded, rate_limited
from fakes.claude_process import SimulatedClaude

WISH = {"region": "europe-west1", "targets": ["run"]}


class Credentials:
    """As much of google.auth's credentials as the library looks at."""

    expired = False
    token = "ya29.simulated"


def vertex(sdk: ModuleType, claude: SimulatedClaude) -> Any:
    return sdk.AsyncAnthropicVertex(
        region="europe-west1", project_id="shop", credentials=Credentials(), base_url=claude.vertex_url,
        max_retries=0, timeout=5, open_telemetry=False, http_client=sdk.DefaultAioHttpClient(),
    )  # fmt: skip


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "json"])
def test_the_same_answers_come_through_vertex_ai(sdk: ModuleType, claude: SimulatedClaude, *, streamed: bool):
    """Claude on Vertex AI: model in the path, version in the body, Google's bearer token."""
    claude.script(answer(WISH))

    async def asking() -> str:
        async with vertex(sdk, claude) as client:
            if not streamed:
                return (await client.messages.create(**request(**STRUCTURED))).content[0].text
            stream = await client.messages.create(stream=True, **request(**STRUCTURED))
            return "".join([event.delta.text async for event in stream if event.type == "content_block_delta"])

    assert json.loads(asyncio.run(asking())) == WISH
    (call,) = claude.calls()
    verb = "streamRawPredict" if streamed else "rawPredict"
    assert call.path == f"/v1/projects/shop/locations/europe-west1/publishers/anthropic/models/{MODEL}:{verb}"
    assert call.headers["authorization"] == "Bearer ya29.simulated"
    assert (call.json["anthropic_version"], "model" in call.json) == ("2026-10-21", False)


def test_vertex_ai_takes_the_model_from_the_path_alone(claude: SimulatedClaude):
    path = f"/v1/projects/shop/locations/eu/publishers/anthropic/models/{MODEL}:rawPredict"
    with raw_call(claude, path) as connection:
        assert b"model: Extra inputs" in connection.getresponse().read()


@pytest.mark.parametrize(("action", "kind"), [(rate_limited(), None), (overloaded(), "overloaded_error")])
def test_what_google_refuses_itself_has_googles_shape(sdk: ModuleType, claude: SimulatedClaude, action, kind):
    claude.script(action)

    async def asking() -> None:
        async with vertex(sdk, claude) as client:
            await client.messages.create(**request())

    with pytest.raises(sdk.APIStatusError) as raised:
        asyncio.run(asking())
    assert raised.value.type == kind
