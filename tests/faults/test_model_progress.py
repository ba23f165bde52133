"""Progress by server-sent events while a model is asked: stages, attempts, then one ending."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, said


def events(server: ModelServer, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    """Ask for a pipeline and return the events of the answer, each with its name."""
    request = urllib.request.Request(  # noqa: S310 -- our own address
        f"{server.server.url}/api/v1/pipelines/generate",
        json.dumps(server.body(**options)).encode(),
        {
            "Authorization": f"Bearer {server.server.key}",
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- as above
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.read().decode()
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("event:")]
    return [(block[0].removeprefix("event: "), json.loads(block[1].removeprefix("data: "))) for block in blocks]


def test_stages_and_every_attempt_are_told_before_the_result(server: ModelServer, claude: SimulatedClaude):
    claude.script(does.overloaded(), does.answer(said(region="europe-west3")))
    told = events(server)
    stages = [(each["stage"], each["outcome"]) for name, each in told if name == "stage"]
    inside = stages[stages.index(("adapt", "started")) : stages.index(("adapt", "ok")) + 1]
    assert inside == [("adapt", "started"), ("attempt", "failed"), ("attempt", "ok"), ("adapt", "ok")]
    attempts = [each["detail"] for name, each in told if name == "stage" and each["stage"] == "attempt"]
    assert "overloaded" in attempts[0]
    assert "tokens" in attempts[1]
    name, result = told[-1]
    assert (name, result["http_status"], result["mode"]) == ("result", 201, "ai")


def test_a_model_that_is_away_ends_in_one_problem(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.error(401))
    told = events(server)
    name, problem = told[-1]
    assert (name, problem["status"], problem["reason"]) == ("problem", 503, "credential")
    assert [name for name, _ in told].count("problem") == 1
    assert ("adapt", "failed") in [(each.get("stage"), each.get("outcome")) for _, each in told]


def test_templates_instead_of_the_model_are_told_in_stage_and_result(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.error(401))
    told = events(server, fallback="on_any_failure")
    adapt = next(each for _, each in told if (each.get("stage"), each.get("outcome")) == ("adapt", "ok"))
    assert "templates instead of the model" in adapt["detail"]
    assert told[-1][1]["degraded"] is True
