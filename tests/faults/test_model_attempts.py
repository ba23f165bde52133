"""Rows 34 to 43 and 47 of the fault matrix (BEHAVIOUR.md §5): attempts that give no complete message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, said

GOOD = does.answer(said(region="europe-west3"))


@pytest.mark.parametrize("failures", [1, 2, 3])
@pytest.mark.parametrize("status", [500, 503, 529])
def test_row_34_a_few_server_errors_cost_time_and_nothing_else(
    server: ModelServer, claude: SimulatedClaude, status: int, failures: int
):
    claude.script(*[does.error(status)] * failures, GOOD)
    reply = server.generate(key=f"row-34-{status}-{failures}")
    assert (reply.status, reply.json["mode"], reply.json["degraded"]) == (201, "ai", False)
    assert len(reply.json["model"]["attempts"]) == failures + 1 == len(claude.calls())
    assert "europe-west3" in reply.json["artifacts"]["clouddeploy.yaml"]
    assert server.record(reply)["status"] == "active"


def test_row_35_four_errors_are_503_and_the_same_key_goes_on(server: ModelServer, claude: SimulatedClaude):
    claude.script(*[does.overloaded()] * 4)
    refused = server.generate(key="row-35")
    assert (refused.status, refused.json["error"]) == (503, "AI service unavailable")
    assert (refused.json["reason"], refused.json["attempts"], refused.json["retryable"]) == ("overloaded", 4, True)
    record = server.record(refused)
    assert (record["status"], record["failure_code"]) == ("failed", "ai-unavailable")
    claude.script(GOOD)
    again = server.generate(key="row-35")
    assert again.status == 201
    assert again.json["pipeline_id"] == refused.json["pipeline_id"]


def test_row_35_templates_stand_in_where_the_request_takes_them(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.overloaded())
    reply = server.generate(fallback="on_any_failure")
    assert (reply.status, reply.json["mode"], reply.json["degraded"]) == (201, "template", True)
    assert reply.json["degraded_reason"]
    record = server.record(reply)
    assert (record["mode"], record["degraded"]) == ("template", True)


def test_row_36_a_model_that_never_sends_a_byte_is_given_up_in_time(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.silent())
    before = server.metric("model_attempts_total", outcome="first_byte")
    refused = server.generate(key="row-36")
    assert (refused.status, refused.json["reason"]) == (503, "first_byte")
    assert server.metric("model_attempts_total", outcome="first_byte") - before == refused.json["attempts"] == 3


def test_row_36_and_headers_alone_are_no_byte_of_an_answer(server: ModelServer, claude: SimulatedClaude):
    claude.script(does.silent(after_headers=True), GOOD)
    reply = server.generate()
    assert [each["outcome"] for each in reply.json["model"]["attempts"]] == ["first_byte", "ok"]


def test_row_37_a_dripping_answer_is_cut_at_the_attempts_total(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.dripping(said(), 0.5))
    refused = server.generate()
    assert (refused.status, refused.json["reason"]) == (503, "total")
    assert all(call.client_left for call in claude.calls())


def test_row_37_a_stream_that_stops_in_the_middle_is_idle(server: ModelServer, claude: SimulatedClaude):
    claude.script(does.answer(said(), delay_events=1.5), GOOD)
    reply = server.generate()
    assert [each["outcome"] for each in reply.json["model"]["attempts"]] == ["idle", "ok"]


@pytest.mark.parametrize(
    "cut",
    [
        does.reset(),
        does.reset(after_events=3),
        does.truncated(said(region="us-east1"), after_events=4),
        does.truncated(said(region="us-east1"), after_events=4, by="close"),
    ],
    ids=["reset before headers", "reset in the stream", "no message_stop", "closed in the stream"],
)
def test_row_38_what_was_cut_off_is_asked_again_and_never_used(server: ModelServer, claude: SimulatedClaude, cut):
    claude.script(cut, GOOD)
    reply = server.generate()
    assert reply.status == 201
    assert len(claude.calls()) == 2
    assert "us-east1" not in str(reply.json["artifacts"])


def test_row_39_an_error_event_after_200_is_a_failure_for_retries_and_breaker(
    server: ModelServer, claude: SimulatedClaude
):
    claude.script(does.error_event(), GOOD)
    reply = server.generate()
    assert [each["outcome"] for each in reply.json["model"]["attempts"]] == ["overloaded", "ok"]
    claude.script(then=does.error_event())
    server.generate()
    assert server.generate().json["degraded"], "four failures of the first request and one of this open the breaker"


def test_row_40_a_short_retry_after_is_waited_for(server: ModelServer, claude: SimulatedClaude):
    claude.script(does.rate_limited(1), GOOD)
    reply = server.generate()
    assert reply.status == 201
    assert reply.seconds >= 1


def test_row_40_a_long_one_is_passed_on(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.rate_limited(120))
    refused = server.generate()
    assert (refused.status, refused.json["reason"], refused.headers["retry-after"]) == (503, "rate_limited", "120")
    assert len(claude.calls()) == 1


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (does.rate_limited(), "account"),
        (does.spend_limit_reached(), "account"),
        (does.error(402), "account"),
        (does.error(401), "credential"),
        (does.error(403), "credential"),
        (does.error(404), "credential"),
    ],
    ids=["429 without retry-after", "spend limit", "402", "401", "403", "404"],
)
def test_rows_41_42_what_no_retry_mends_is_not_retried_and_five_of_it_open_the_breaker(
    server: ModelServer, claude: SimulatedClaude, failure, reason: str
):
    claude.script(then=failure)
    for _ in range(5):
        refused = server.generate()
        assert (refused.status, refused.json["reason"], refused.json["attempts"]) == (503, reason, 1)
    assert server.generate().json["degraded"]
    assert len(claude.calls()) == 5


def test_row_42_a_refused_key_and_an_empty_account_name_the_settings_for_whoever_runs_the_server(
    server: ModelServer, claude: SimulatedClaude
):
    for failure in (does.error(401), does.error(404), does.spend_limit_reached()):
        claude.script(then=failure)
        refused = server.generate()
        assert refused.json["retryable"]
        assert "PENSTOCK_MODEL__API_KEY" in refused.json["next"][0]
        assert "fallback=on_any_failure" in refused.json["next"][-1]


@pytest.mark.parametrize("told", ["inf", "1e400", "nan"])
def test_row_40_a_wait_that_is_no_number_is_no_wait(server: ModelServer, claude: SimulatedClaude, told: str):
    claude.script(then=does.error(429, headers={"retry-after": told}))
    refused = server.generate()
    assert (refused.status, refused.json["reason"]) == (503, "account")


def test_row_40_nobody_is_told_to_come_back_after_more_than_an_hour(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.error(429, headers={"retry-after": "1e18"}))
    refused = server.generate()
    assert (refused.status, refused.json["reason"], refused.headers["retry-after"]) == (503, "rate_limited", "3600")


def test_a_wrong_address_is_told_at_once_with_its_setting_and_leaves_the_breaker_alone(
    start: Callable[..., ModelServer], server: ModelServer
):
    astray = start("astray", PENSTOCK_MODEL__BASE_URL="notaurl", PENSTOCK_MODEL__NAME="claude-astray")
    for _ in range(6):
        refused = astray.generate()
        assert (refused.status, refused.json["reason"], refused.json["attempts"]) == (503, "misconfigured", 1)
    assert "PENSTOCK_MODEL__BASE_URL" in refused.json["detail"]
    assert "PENSTOCK_MODEL__BASE_URL" in refused.json["next"][0]


def test_counts_beyond_reason_are_cut_and_the_answer_still_counts(server: ModelServer, claude: SimulatedClaude):
    absurd = {"input_tokens": 9 * 10**18, "output_tokens": 9 * 10**18, "cache_read_input_tokens": 10**18}
    claude.script(does.answer(said(region="europe-west3"), usage=absurd))
    reply = server.generate()
    assert (reply.status, reply.json["mode"]) == (201, "ai")
    model = reply.json["model"]
    assert (model["input_tokens"], model["output_tokens"], model["cache_read_tokens"]) == (10**7, 32_000, 10**7)
    assert server.record(reply)["status"] == "active"


@pytest.mark.parametrize("status", [400, 413])
def test_row_43_a_question_the_model_refuses_is_our_fault_and_leaves_the_breaker_alone(
    server: ModelServer, claude: SimulatedClaude, status: int
):
    claude.script(then=does.error(status))
    for _ in range(6):
        failed = server.generate()
        assert (failed.status, failed.json["retryable"]) == (500, False)
    assert len(claude.calls()) == 6
    assert server.record(failed)["status"] == "failed"


@pytest.mark.parametrize(
    "page",
    [
        does.html(),
        {"body": {"text": "a", "content_type": "text/event-stream"}, "repeat": 3 * 1024 * 1024},
        does.text("a", repeat=4_000_000, chunk=1_000_000, gzip=True),
    ],
    ids=["HTML with 200", "3 MiB", "gzip bomb"],
)
def test_row_47_what_is_no_message_is_a_failure_and_reading_stops(server: ModelServer, claude: SimulatedClaude, page):
    claude.script(page, GOOD)
    reply = server.generate()
    assert [each["outcome"] for each in reply.json["model"]["attempts"]] == ["not_a_message", "ok"]
