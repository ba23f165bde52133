"""The simulated Claude fails as networks, proxies and overloaded servers fail, seen by the vendor's library.

These tests hold two things: that the fault reaches the library, and what the library makes of it, which is what
Penstock's adapter is written against.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import select
import signal
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from claude_asking import MODEL, STRUCTURED, api_client, ask, listen, raw_call, request
from fakes.claude_actions import (
    answer,
    dripping,
    error,
    error_event,
    html,
    overloaded,
    reset,
    silent,
    text,
    truncated,
)
from fakes.claude_process import TESTS, SimulatedClaude, simulated_claude

WISH = {"region": "europe-west1", "targets": ["run"]}
IMPATIENT = {"timeout": 0.1}


def test_an_error_event_after_status_200_is_a_status_error_that_says_200(sdk: ModuleType, claude: SimulatedClaude):
    """Streaming messages, "Error events": what would have been a 529 comes in the middle of the stream."""
    claude.script(error_event(after_events=3))
    heard = listen(sdk, claude)
    assert heard.kinds == ["message_start", "content_block_start"]  # the third event was a ping
    assert type(heard.failure) is sdk.APIStatusError
    assert (heard.failure.status_code, heard.failure.type) == (200, "overloaded_error")
    assert heard.failure.request_id == claude.calls()[0].request_id


def test_a_stream_without_its_end_looks_complete_unless_message_stop_is_asked_for(
    sdk: ModuleType, claude: SimulatedClaude
):
    claude.script(truncated(WISH, after_events=5))
    heard = listen(sdk, claude)
    assert heard.failure is None
    assert heard.kinds[-1] == "content_block_delta"


@pytest.mark.parametrize("by", ["close", "reset"])
def test_a_connection_lost_in_the_stream_is_a_failure_of_the_http_client(
    sdk: ModuleType, claude: SimulatedClaude, by: str
):
    claude.script(truncated(WISH, after_events=4, by=by, delay_events=0.02))
    heard = listen(sdk, claude)
    assert heard.kinds[0] == "message_start"
    assert type(heard.failure).__name__ in {"ReadError", "ConnectError"}
    assert not isinstance(heard.failure, sdk.APIError)


@pytest.mark.parametrize("action", [reset(), {"cut": {"how": "close"}}], ids=["reset", "close"])
def test_a_connection_lost_before_the_headers_is_a_connection_error(sdk: ModuleType, claude: SimulatedClaude, action):
    claude.script(action)
    with pytest.raises(sdk.APIConnectionError) as raised:
        listen(sdk, claude)
    assert type(raised.value) is sdk.APIConnectionError
    assert claude.calls()[0].status is None


@pytest.mark.parametrize(("how", "kind"), [("reset", ConnectionResetError), ("close", http.client.RemoteDisconnected)])
def test_a_reset_is_a_reset_and_a_close_a_close(claude: SimulatedClaude, how: str, kind: type):
    claude.script({"cut": {"how": how}})
    with raw_call(claude) as connection, pytest.raises(ConnectionError) as raised:
        connection.getresponse()
    assert type(raised.value) is kind


def test_a_call_that_is_never_answered_times_out_and_the_fake_sees_the_client_leave(
    sdk: ModuleType, claude: SimulatedClaude
):
    claude.script(silent())
    with pytest.raises(sdk.APITimeoutError):
        listen(sdk, claude, options=IMPATIENT)
    (call,) = claude.calls()
    assert (call.client_left, call.status, call.bytes_sent) == (True, None, 0)


def test_headers_without_a_body_time_out_in_the_stream_by_the_http_clients_own_error(
    sdk: ModuleType, claude: SimulatedClaude
):
    claude.script(silent(after_headers=True))
    heard = listen(sdk, claude, options=IMPATIENT)
    assert type(heard.failure).__name__ == "ReadTimeout"
    assert not isinstance(heard.failure, sdk.APIError)
    assert claude.calls()[0].client_left


def test_a_dripping_answer_outlives_the_read_timeout_and_needs_a_timeout_of_its_own(
    sdk: ModuleType, claude: SimulatedClaude
):
    claude.script(dripping(WISH, 0.02))

    async def asking() -> None:
        async with api_client(sdk, claude, **IMPATIENT) as client, asyncio.timeout(0.3):
            async for _ in await client.messages.create(stream=True, **request()):
                pass

    with pytest.raises(TimeoutError):
        asyncio.run(asking())
    (call,) = claude.calls()
    assert call.client_left
    assert 5 < call.bytes_sent < 40  # more bytes than one read timeout would have let through


@pytest.mark.parametrize("place", ["delay_headers", "delay_body", "delay_events"])
def test_an_answer_may_be_late_at_every_place(sdk: ModuleType, claude: SimulatedClaude, place: str):
    claude.script(answer(WISH, **{place: 0.02}), answer(WISH, **{place: 0.3}))
    assert json.loads(listen(sdk, claude).text) == WISH
    try:
        failure = listen(sdk, claude, options=IMPATIENT).failure
    except sdk.APITimeoutError as early:  # before the stream began
        failure = early.__cause__
    assert type(failure).__name__ == "ReadTimeout"


def test_a_proxys_page_with_status_200_is_an_empty_stream_or_a_plain_text(sdk: ModuleType, claude: SimulatedClaude):
    """Nothing raises: who wants a message has to look at what came."""
    claude.script(then=html())
    heard = listen(sdk, claude)
    assert (heard.events, heard.failure) == ([], None)
    assert ask(sdk, claude).startswith("<html>")


def test_a_proxys_page_with_status_502_is_a_server_error_without_a_type(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(html(502))
    with pytest.raises(sdk.InternalServerError) as raised:
        listen(sdk, claude)
    assert (raised.value.status_code, raised.value.type) == (502, None)


def test_broken_json_is_a_plain_decoding_error(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(
        {"body": {"text": '{"id": ', "content_type": "application/json"}},
        {"body": {"text": "event: message_start\ndata: {\n\n", "content_type": "text/event-stream"}},
    )
    with pytest.raises(json.JSONDecodeError):
        ask(sdk, claude)
    assert type(listen(sdk, claude).failure) is json.JSONDecodeError


def test_text_that_is_no_json_document_comes_through(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(text("Sure! Here is your pipeline:"))
    assert listen(sdk, claude, **STRUCTURED).text == "Sure! Here is your pipeline:"


def test_a_compressed_answer_unpacks_to_many_times_its_size(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(text("x", repeat=4_000_000, chunk=500_000, gzip=True))
    assert len(listen(sdk, claude).text) == 4_000_000
    assert claude.calls()[0].bytes_sent < 10_000


def test_an_answer_may_be_larger_than_anybody_wants(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(text("x", repeat=2_500_000, chunk=500_000))
    assert len(listen(sdk, claude).text) == 2_500_000


def test_actions_are_used_in_order_and_the_last_ones_stay(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(overloaded(), answer({"n": 1}), then=answer({"n": 2}))
    with pytest.raises(sdk.OverloadedError):
        ask(sdk, claude)
    assert [json.loads(ask(sdk, claude).content[0].text)["n"] for _ in range(3)] == [1, 2, 2]
    assert claude.actions_left == 0


def test_an_action_may_wait_for_the_request_it_is_meant_for(sdk: ModuleType, claude: SimulatedClaude):
    other = "claude-haiku-5-5"
    claude.script(then=[error(500, match=MODEL), answer(WISH, match=other)])
    assert json.loads(ask(sdk, claude, model=other).content[0].text) == WISH
    with pytest.raises(sdk.InternalServerError):
        ask(sdk, claude)


@pytest.mark.parametrize(
    "wrong",
    [{"dely": 1}, {"answer": 1, "text": "x"}, {"hold": "tail"}, {"cut": {"how": "off"}}, {"error": {"code": 5}}],
    ids=str,
)
def test_a_script_that_cannot_be_played_is_refused(claude: SimulatedClaude, wrong):
    with pytest.raises(ValueError, match=r"known|one of|hold|cut"):
        claude.script(wrong)


def test_everything_received_can_be_searched(sdk: ModuleType, claude: SimulatedClaude):
    ask(sdk, claude, messages=[{"role": "user", "content": 'pass"word\\ é'}])
    assert 'pass"word\\ é' in claude.wire()
    assert "sk-ant-simulated" in claude.wire()
    assert "hunter2" not in claude.wire()


def test_a_call_can_be_watched_while_it_waits(sdk: ModuleType, claude: SimulatedClaude):
    claude.script(answer(WISH, delay_headers=0.2))

    async def asking() -> list[bool]:
        async with api_client(sdk, claude) as client:
            asked = asyncio.create_task(client.messages.create(**request()))
            seen = await asyncio.to_thread(claude.calls_so_far, at_least=1)
            await asked
        return [call.over for call in seen]

    assert asyncio.run(asking()) == [False]
    assert claude.calls()[0].over


def test_reading_the_calls_waits_until_none_is_under_way(claude: SimulatedClaude):
    claude.script(answer(WISH, delay_headers=0.1))
    with raw_call(claude):
        assert not claude.calls_so_far(at_least=1)[0].over
        assert claude.calls()[0].status == 200


def test_it_ends_with_whoever_started_it(claude: SimulatedClaude):
    """A starter that is killed cannot tidy up; the closed pipe does it."""
    code = "from fakes.claude_process import SimulatedClaude as S; s = S(); print(s.process.pid, s.port, flush=True); input()"
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    pid, port = map(int, starter.stdout.readline().split())
    waiting = os.pidfd_open(pid)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    ended, _, _ = select.select([waiting], [], [], 10)
    os.close(waiting)
    assert ended
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port).connect()


def test_a_killed_one_is_a_connection_error(sdk: ModuleType):
    with simulated_claude() as own:
        own.kill()
        with pytest.raises(sdk.APIConnectionError):
            ask(sdk, SimpleNamespace(url=own.url))
