from __future__ import annotations

import asyncio
import inspect
import re
from pathlib import Path

import pytest
from http_stand_ins import BODY, House, StandInGateway, StandInPipelines, refused

from penstock import errors
from penstock.surfaces.http import refusals
from penstock.surfaces.http.problems import SPECIFIED, STATUS_BY_ERROR, describe, status_of
from penstock.surfaces.http.reading import ClientGone

ROOT = Path(__file__).parents[3]
GENERATE = "/api/v1/pipelines/generate"
EVERY_ERROR = sorted(
    {
        kind
        for module in (errors, refusals)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, errors.PenstockError)
    },
    key=lambda kind: kind.__name__,
)


def test_every_error_has_a_status():
    assert set(EVERY_ERROR) == set(STATUS_BY_ERROR)


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_every_slug_has_a_heading_with_its_status_in_the_document(kind: type[errors.PenstockError]):
    text = (ROOT / "docs" / "errors.md").read_text()
    section = re.search(rf"^## {re.escape(kind.slug)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"docs/errors.md has no heading for {kind.slug}"
    assert f"**{STATUS_BY_ERROR[kind]}**" in section[1]


def test_the_document_has_no_heading_nobody_can_get():
    headings = set(re.findall(r"^## (\S+)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
    assert headings == {kind.slug for kind in EVERY_ERROR}


def test_one_slug_has_one_status():
    by_slug: dict[str, set[int]] = {}
    for kind, status in STATUS_BY_ERROR.items():
        by_slug.setdefault(kind.slug, set()).add(status)
    assert [slug for slug, statuses in by_slug.items() if len(statuses) > 1] == []


def test_an_error_of_a_later_day_has_its_parents_status():
    class Later(errors.SkillNotFound):
        """Something new."""

    assert status_of(Later()) == 404


@pytest.mark.parametrize(
    ("problem", "status", "error"),
    [
        (errors.InvalidApiKey(), 401, "Invalid API key"),
        (errors.PermissionDenied(), 403, "Forbidden"),
        (errors.SkillNotFound(), 404, "Skill not found"),
        (errors.RepositoryNotFound(), 404, "Repository not found"),
        (refused(), 422, "Policy violations"),
        (errors.InvalidConfiguration("x", fields=["a"]), 422, "Invalid configuration"),
        (errors.NothingToBuild(reasons=[]), 422, "Nothing to build"),
        (errors.RateLimitExceeded(retry_after_s=7), 429, "Rate limit exceeded"),
        (errors.DatabaseFailed(), 500, "Database error"),
        (errors.DeliveryFailed(pipeline_id="p"), 500, "Failed to commit to GitHub"),
        (errors.GenerationUnavailable(), 503, "AI service unavailable"),
        (errors.PolicyEngineUnavailable(), 503, "Policy engine unavailable"),
        (errors.IdempotencyConflict(pipeline_id="p"), 409, "Idempotency key in flight"),
        (errors.DeliveryConflict(paths=["a"]), 409, "Files in the way"),
        (RuntimeError("boom hunter2"), 500, "Unexpected failure"),
    ],
)
def test_every_branch_is_a_problem_document_with_the_specified_string(problem: Exception, status: int, error: str):
    house = House(pipelines=StandInPipelines(fails_with=problem))
    reply = asyncio.run(house.call("POST", GENERATE, BODY))
    assert (reply.status, reply.json["status"], reply.json["error"]) == (status, status, error)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["trace_id"] == reply.headers["x-trace-id"]
    assert {"type", "title", "detail", "retryable", "next"} <= set(reply.json)
    assert isinstance(reply.json["next"], list)
    assert house.lines("http.request_finished")[0]["error"] == reply.json["type"].partition("#")[2]


def test_a_bug_of_ours_tells_the_trace_id_and_the_log_the_rest():
    house = House(pipelines=StandInPipelines(fails_with=RuntimeError("inner words")))
    reply = asyncio.run(house.call("POST", GENERATE, BODY))
    assert b"inner words" not in reply.content
    failed = house.lines("http.request_failed")[0]
    assert failed["trace_id"] == reply.json["trace_id"]
    assert failed["exception"][-1] == "RuntimeError: inner words"


def test_policy_violations_are_told_with_the_specified_keys():
    reply = asyncio.run(House(pipelines=StandInPipelines(fails_with=refused())).call("POST", GENERATE, BODY))
    detail = reply.json["details"][0]
    assert detail["policy"] == "security.secrets"
    assert detail["violation"] == "hardcoded API key"
    assert (detail["file"], detail["line"], detail["column"], detail["path"]) == (
        "cloudbuild.yaml",
        14,
        9,
        "/steps/2/env/0",
    )
    assert {"rule", "severity", "remediation", "docs", "controls", "waivable", "fingerprint"} <= set(detail)
    assert {"warnings", "waived", "decision_id", "policy_revision", "controls"} <= set(reply.json)


def test_a_refused_key_learns_the_same_whatever_was_wrong():
    house = House()
    missing = asyncio.run(house.call("GET", "/api/v1/pipelines", authorization=""))
    wrong = asyncio.run(house.call("GET", "/api/v1/pipelines", authorization="Bearer pst_test_wrong"))
    assert (missing.status, wrong.status) == (401, 401)
    assert missing.headers["www-authenticate"] == 'Bearer realm="penstock"'
    assert {**missing.json, "trace_id": ""} == {**wrong.json, "trace_id": ""}
    assert b"list of keys" not in missing.content


def test_a_limited_caller_learns_when_to_come_back():
    reply = asyncio.run(House(gateway=StandInGateway(allowance=0)).call("POST", GENERATE, BODY))
    assert reply.status == 429
    assert reply.headers["retry-after"] == "37"
    assert (reply.headers["ratelimit-limit"], reply.headers["ratelimit-remaining"]) == ("100", "0")
    assert reply.json["retryable"] is True


def test_an_admitted_caller_sees_what_is_left():
    reply = asyncio.run(House().call("GET", "/api/v1/pipelines"))
    assert [reply.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["100", "99", "42"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", GENERATE, "pipelines:generate"),
        ("POST", "/api/v1/pipelines/plan", "pipelines:generate"),
        ("POST", "/api/v1/validate", "pipelines:validate"),
        ("GET", "/api/v1/pipelines", "pipelines:read"),
        ("GET", "/api/v1/pipelines/x", "pipelines:read"),
        ("GET", "/api/v1/pipelines/x/artifacts", "pipelines:read"),
    ],
)
def test_each_address_needs_its_scope(method: str, path: str, scope: str):
    others = frozenset({"pipelines:generate", "pipelines:read", "pipelines:validate"}) - {scope}
    reply = asyncio.run(House(gateway=StandInGateway(scopes=others)).call(method, path, BODY))
    assert (reply.status, scope in reply.json["detail"]) == (403, True)


def test_who_is_refused_is_never_parsed():
    house = House()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"12")]
    reply = asyncio.run(house.send("POST", GENERATE, headers, [b'{"broken": ', None]))
    assert (reply.status, reply.chunks_read) == (401, 0)


def test_broken_authentication_is_503_and_lets_nobody_in():
    house = House(gateway=StandInGateway(fails_with=errors.AuthUnavailable()))
    reply = asyncio.run(house.call("POST", GENERATE, BODY))
    assert (reply.status, house.pipelines.commands) == (503, [])
    assert int(reply.headers["retry-after"]) >= 1


def test_no_such_address_and_no_such_method_are_problems_too():
    missing = asyncio.run(House().call("GET", "/api/v1/nothing"))
    wrong = asyncio.run(House().call("DELETE", "/api/v1/pipelines"))
    assert (missing.status, missing.json["type"]) == (404, "/docs/errors#not-found")
    assert (wrong.status, wrong.json["type"]) == (405, "/docs/errors#method-not-allowed")
    assert "GET" in wrong.headers["allow"]


def test_every_specified_string_belongs_to_a_slug():
    assert set(SPECIFIED) <= {kind.slug for kind in EVERY_ERROR}


def test_control_characters_of_a_request_never_stand_in_a_detail():
    told = describe(errors.InvalidConfiguration("bad \x1b[2J\u2028 name"), "0" * 32)
    assert told.document["detail"] == "bad \\u001b[2J\\u2028 name"


def test_an_extra_member_cannot_replace_a_standard_one():
    told = describe(errors.DatabaseFailed(status="mine", pipeline_id="p"), "0" * 32)
    assert (told.document["status"], told.document["pipeline_id"]) == (500, "p")


def test_a_client_gone_is_no_error_and_gets_no_answer():
    house = House(pipelines=StandInPipelines(fails_with=ClientGone()))
    reply = asyncio.run(house.call("POST", GENERATE, BODY))
    assert reply.status == 0
    assert house.lines("http.request_finished")[0]["status"] == 499
    assert house.lines("http.request_failed") == []
