"""The simulated Claude answers the vendor's library as the API is documented to.

Documents meant: "Create a Message", "Streaming messages", "Errors", "Rate limits", "Versions", "Structured outputs",
"Prompt caching" of the Claude API, and the library's own types where the documents leave a shape open.
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import get_args

import pytest
from claude_asking import MODEL, SCHEMA, STRUCTURED, ask, listen, request
from fakes.claude.judging import MODELS
from fakes.claude_actions import answer, error, out_of_tokens, overloaded, rate_limited, refusal, spend_limit_reached
from fakes.claude_process import SimulatedClaude

WISH = {"region": "europe-west1", "targets": ["run"], "note": 'Größe "M" \\ 🚰'}


def test_a_message_carries_the_scripted_document(sdk: ModuleType, claude: SimulatedClaude):
    """Create a Message: id, role, model, content, stop_reason, usage; the request id is a header."""
    claude.script(answer(WISH))
    message = ask(sdk, claude)
    assert json.loads(message.content[0].text) == WISH
    assert (message.role, message.model, message.stop_reason) == ("assistant", MODEL, "end_turn")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 1
    assert message._request_id == claude.calls()[0].request_id


def test_a_stream_brings_the_documented_events_in_order(sdk: ModuleType, claude: SimulatedClaude):
    """Streaming messages: message_start, blocks, message_delta, message_stop; the library drops pings."""
    claude.script(answer(WISH, chunk=7))
    heard = listen(sdk, claude)
    assert json.loads(heard.text) == WISH
    deltas = heard.kinds.count("content_block_delta")
    assert deltas > 3
    assert heard.kinds == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * deltas,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert heard.request_id == claude.calls()[0].request_id


def test_a_stream_counts_tokens_at_its_start_and_again_at_its_end(sdk: ModuleType, claude: SimulatedClaude):
    """Streaming messages: the counts of message_delta are cumulative; stop_reason comes there too."""
    claude.script(answer(WISH, usage={"input_tokens": 4100, "output_tokens": 321}))
    events = {event.type: event for event in listen(sdk, claude).events}
    assert events["message_start"].message.usage.input_tokens == 4100
    assert events["message_start"].message.usage.output_tokens == 1
    assert events["message_start"].message.stop_reason is None
    assert events["message_delta"].usage.output_tokens == 321
    assert events["message_delta"].usage.input_tokens == 4100
    assert events["message_delta"].delta.stop_reason == "end_turn"


def test_json_and_stream_say_the_same(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(then=answer(WISH))
    assert ask(sdk, claude).content[0].text == listen(sdk, claude).text


@pytest.mark.parametrize(
    ("action", "reason", "begun"),
    [
        (out_of_tokens('{"region": "eu'), "max_tokens", '{"region": "eu'),
        (out_of_tokens("{", context_window=True), "model_context_window_exceeded", "{"),
        (refusal("cyber"), "refusal", ""),
        ({"content": []}, "end_turn", ""),
    ],
)
def test_an_answer_says_why_it_stopped(sdk: ModuleType, claude: SimulatedClaude, action, reason: str, begun: str):
    """Create a Message: stop_reason."""
    claude.script(then=action)
    message, heard = ask(sdk, claude), listen(sdk, claude)
    assert message.stop_reason == heard.events[-2].delta.stop_reason == reason
    assert "".join(block.text for block in message.content) == heard.text == begun


def test_a_refusal_names_its_category(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(then=refusal("cyber"))
    assert ask(sdk, claude).stop_details.category == "cyber"
    assert listen(sdk, claude).events[-2].delta.stop_details.category == "cyber"


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "BadRequestError", "invalid_request_error"),
        (401, "AuthenticationError", "authentication_error"),
        (402, "PaymentRequiredError", "billing_error"),
        (403, "PermissionDeniedError", "permission_error"),
        (404, "NotFoundError", "not_found_error"),
        (408, "RequestTimeoutError", "invalid_request_error"),
        (409, "ConflictError", "conflict_error"),
        (413, "ContentTooLargeError", "request_too_large"),
        (429, "RateLimitError", "rate_limit_error"),
        (500, "InternalServerError", "api_error"),
        (503, "ServiceUnavailableError", "api_error"),
        (504, "GatewayTimeoutError", "timeout_error"),
        (529, "OverloadedError", "overloaded_error"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "json"])
def test_an_error_status_becomes_the_librarys_own_error(
    sdk: ModuleType, claude: SimulatedClaude, status: int, name: str, kind: str, *, streamed: bool
):
    """Errors: status, error.type, request_id; a stream that fails before it begins fails the same way."""
    claude.script(error(status))
    with pytest.raises(sdk.APIStatusError) as raised:
        (listen if streamed else ask)(sdk, claude)
    assert type(raised.value) is getattr(sdk, name)
    assert (raised.value.status_code, raised.value.type) == (status, kind)
    assert raised.value.request_id == raised.value.body["request_id"] == claude.calls()[0].request_id
    assert len(claude.calls()) == 1


def test_a_limit_says_when_to_come_back_and_a_spend_limit_does_not(sdk: ModuleType, claude: SimulatedClaude):
    """Rate limits: retry-after; a monthly spend limit has error_code enforced_spend_limit_reached instead."""
    claude.script(rate_limited(5), overloaded(headers={"retry-after-ms": "120"}), spend_limit_reached())
    found = []
    for _ in range(3):
        with pytest.raises(sdk.APIStatusError) as raised:
            ask(sdk, claude)
        headers = raised.value.response.headers
        found.append((headers.get("retry-after"), headers.get("retry-after-ms"), raised.value.error_code))
    assert found == [("5", None, None), (None, "120", None), (None, None, "enforced_spend_limit_reached")]


def test_the_librarys_own_retries_obey_x_should_retry(sdk: ModuleType, claude: SimulatedClaude):
    """The header that the library's retry policy reads first; Penstock has those retries off."""
    soon = {"retry-after-ms": "1"}
    claude.script(overloaded(headers={**soon, "x-should-retry": "false"}))
    with pytest.raises(sdk.OverloadedError):
        ask(sdk, claude, options={"max_retries": 1})
    claude.script(error(400, headers={**soon, "x-should-retry": "true"}), answer(WISH))
    assert ask(sdk, claude, options={"max_retries": 1}).stop_reason == "end_turn"
    assert [call.headers["x-stainless-retry-count"] for call in claude.calls()] == ["0", "0", "1"]


def test_the_schema_of_a_structured_answer_arrives_as_it_was_sent(sdk: ModuleType, claude: SimulatedClaude):
    """Structured outputs: output_config.format."""
    claude.script(answer(WISH))
    ask(sdk, claude, **STRUCTURED)
    (call,) = claude.calls()
    assert call.json == request(**STRUCTURED)
    assert call.headers["authorization"] == "Bearer sk-ant-simulated"
    assert call.headers["anthropic-version"] == "2026-10-21"
    assert "x-api-key" not in call.headers


def test_without_a_script_the_least_document_of_the_schema_comes(sdk: ModuleType, claude: SimulatedClaude):
    assert json.loads(listen(sdk, claude, **STRUCTURED).text) == {"region": "", "targets": []}


REFUSED_SCHEMAS = {
    "an object open to more": {"type": "object", "properties": {}},
    "a bound on a number": {
        **SCHEMA,
        "properties": {**SCHEMA["properties"], "region": {"type": "integer", "minimum": 1}},
    },
    "a bound on a text": {
        **SCHEMA,
        "properties": {**SCHEMA["properties"], "region": {"type": "string", "maxLength": 9}},
    },
    "recursion": {**SCHEMA, "properties": {**SCHEMA["properties"], "region": {"$ref": "#"}}},
    "a lost reference": {**SCHEMA, "properties": {**SCHEMA["properties"], "region": {"$ref": "#/$defs/none"}}},
    "no schema at all": {"type": "objekt"},
    "too many optional members": {
        "type": "object",
        "properties": {f"p{number}": {"type": "string"} for number in range(25)},
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize("schema", REFUSED_SCHEMAS.values(), ids=REFUSED_SCHEMAS.keys())
def test_a_schema_outside_the_documented_limits_is_a_bad_request(sdk: ModuleType, claude: SimulatedClaude, schema):
    """Structured outputs: JSON Schema limitations."""
    with pytest.raises(sdk.BadRequestError, match=r"output_config\.format\.schema"):
        ask(sdk, claude, output_config={"format": {"type": "json_schema", "schema": schema}})


def test_a_cached_prompt_is_written_once_and_read_afterwards(sdk: ModuleType, claude: SimulatedClaude):
    """Prompt caching: cache_control blocks; usage splits input tokens into new, written and read."""
    system = [{"type": "text", "text": "Skills. " * 200, "cache_control": {"type": "ephemeral"}}]
    first, second = (ask(sdk, claude, system=system).usage for _ in range(2))
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens > 300
    assert first.cache_read_input_tokens == second.cache_creation_input_tokens == 0
    assert first.input_tokens == second.input_tokens


BAD_REQUESTS = {
    "a parameter nobody knows": {"extra_body": {"pretty": True}},
    "sampling, removed in this version": {"extra_body": {"temperature": 0}},
    "no message": {"messages": []},
    "an empty message": {"messages": [{"role": "user", "content": ""}]},
    "an empty text block": {"system": [{"type": "text", "text": ""}]},
    "an answer begun for the model": {
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "{"}]
    },
    "more tokens than the model has": {"max_tokens": 20_000_000, "stream": True},
    "five cache breakpoints": {
        "system": [{"type": "text", "text": str(number), "cache_control": {"type": "ephemeral"}} for number in range(5)]
    },
    "an old version": {"extra_headers": {"anthropic-version": "2020-01-01"}},
}


@pytest.mark.parametrize("wrong", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_what_the_api_would_refuse_is_refused(sdk: ModuleType, claude: SimulatedClaude, wrong):
    """Errors: invalid_request_error."""
    with pytest.raises(sdk.BadRequestError) as raised:
        ask(sdk, claude, **wrong)
    assert raised.value.type == "invalid_request_error"


def test_a_request_needs_its_required_parameters(sdk: ModuleType, claude: SimulatedClaude):
    for name in ("max_tokens", "messages", "model"):
        with pytest.raises(sdk.BadRequestError, match=f"{name}: Field required"):
            ask(sdk, claude, **{name: sdk.omit})


@pytest.mark.filterwarnings("ignore:Sending a large body")  # aiohttp's advice for bodies over 1 MiB
def test_no_credential_an_unknown_model_and_too_large_a_request_have_their_own_errors(
    sdk: ModuleType, claude: SimulatedClaude
):
    """Errors: 401, 404 and 413 (requests to the Messages API may have 32 MB)."""
    with pytest.raises(sdk.AuthenticationError):
        ask(sdk, claude, extra_headers={"Authorization": "Basic eDp5"})
    with pytest.raises(sdk.NotFoundError):
        ask(sdk, claude, model="claude-instant-0")
    with pytest.raises(sdk.ContentTooLargeError):
        ask(sdk, claude, system="x" * 34_000_000)
    assert [call.status for call in claude.calls()] == [401, 404, 413]


def test_the_models_it_knows_are_models_the_library_names(sdk: ModuleType):
    named = {name for each in get_args(sdk.types.Model) for name in get_args(each)}
    assert set(MODELS) <= named
