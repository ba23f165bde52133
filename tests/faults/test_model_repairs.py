"""What becomes of a model's answer that the gate refuses: bounded repairs, told one by one, and then the refusal."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import INTENT, ModelServer, said

MODEL = "claude-sonnet-5-5"


def step(script: str, **more: Any) -> dict[str, Any]:
    return {"id": "smoke", "title": "Smoke test", "lanes": ["main"], "script": script, **more}


ASKED = f"{INTENT}, with a smoke test that reads SMOKE_TOKEN"
"""Names what the model reads, as it may read nothing else."""


def printed(number: int) -> dict[str, Any]:
    """Return an answer that no fixer can mend."""
    shown = step(f"echo evil-{number} $SMOKE_TOKEN\n", secret_env=["SMOKE_TOKEN"])
    return said(region="europe-west3", add_steps=[shown])


def test_the_model_may_repair_what_it_wrote_and_nothing_else(server: ModelServer, claude: SimulatedClaude):
    wider = said(
        region="europe-west3",
        add_steps=[step("npm test\n"), {**step("npm run lint\n"), "id": "more"}],
        change_steps=[{"id": "test", "timeout_s": 77}],
        services=[{"name": "payment-api", "memory": "4Gi"}],
        environments=[{"name": "production", "production": True, "require_approval": False}],
        notes=["The approval is gone."],
    )
    claude.script(does.answer(printed(1)), does.answer(wider))
    reply = server.generate(intent=ASKED)
    assert (reply.status, reply.json["mode"], reply.json["policy"]["allow"]) == (201, "ai", True)
    assert [each["what"] for each in reply.json["repairs"]] == ["step smoke changed"]
    files = reply.json["artifacts"]
    assert "evil-" not in str(files)
    assert "europe-west3" in files["clouddeploy.yaml"]
    assert "id: more" not in files["cloudbuild.yaml"]
    assert "4Gi" not in str(files)
    assert "The approval is gone." not in str(files)
    assert "requireApproval: true" in files["clouddeploy.yaml"]
    claude.script(does.answer(said(region="europe-west3", add_steps=[step("npm test\n")])))
    plain = server.generate(intent=ASKED).json["artifacts"]
    assert sorted(plain) == sorted(files)
    same = {path for path, text in files.items() if plain[path] == text}
    assert {"clouddeploy.yaml", "deploy/payment-api/run/production.yaml", "deploy/payment-api/run/staging.yaml"} <= same
    assert {"cloudbuild.yaml", "cloudbuild-release.yaml"} <= same | {"cloudbuild.yaml"}


def test_the_model_is_told_the_violation_and_what_it_may_touch_and_the_answer_lists_the_repair(
    server: ModelServer, claude: SimulatedClaude
):
    claude.script(does.answer(printed(1)), does.answer(said(add_steps=[step("npm test\n")])))
    reply = server.generate(intent=ASKED)
    assert [(each["rule"], each["what"], each["by"]) for each in reply.json["repairs"]] == [
        ("security.secrets.printed", "step smoke changed", MODEL)
    ]
    assert "evil-" not in str(reply.json["changes"])
    assert [each["script"] for each in reply.json["changes"]["add_steps"]] == ["npm test\n"]
    why = reply.json["repairs"][0]["why"]
    assert why
    objection = claude.calls()[1].json["messages"][-1]["content"]
    assert "security.secrets.printed" in objection
    assert "Change only: step smoke." in objection
    assert why.split(". ")[0] in objection
    assert len(reply.json["model"]["attempts"]) == 2


def test_after_two_repairs_that_do_not_help_the_refusal_is_told(server: ModelServer, claude: SimulatedClaude):
    claude.script(*[does.answer(printed(number)) for number in range(9)])
    refused = server.generate(intent=ASKED)
    assert (refused.status, refused.json["error"]) == (422, "Policy violations")
    assert [each["rule"] for each in refused.json["details"]] == ["security.secrets.printed"]
    assert len(claude.calls()) == 3
    record = server.record(refused)
    assert record["status"] == "rejected"
    assert server.files(refused) in ([], {})


@pytest.mark.parametrize(
    "action",
    [does.error(401), does.text("Sorry?"), does.refusal(), does.answer(printed(1))],
    ids=["unavailable", "unusable", "refused", "unchanged"],
)
def test_a_repair_that_fails_leaves_the_refusal_as_it_was(
    server: ModelServer, claude: SimulatedClaude, action: does.Action
):
    claude.script(does.answer(printed(1)), then=action)
    refused = server.generate(intent=ASKED)
    assert (refused.status, refused.json["error"]) == (422, "Policy violations")
    assert [each["rule"] for each in refused.json["details"]] == ["security.secrets.printed"]


def test_what_a_fixer_mends_costs_no_further_question(server: ModelServer, claude: SimulatedClaude):
    direct = [{"name": "production", "production": True, "require_approval": False}]
    claude.script(does.answer(said(environments=direct, add_steps=[step("npm test\n", image="evil/registry:1.0")])))
    reply = server.generate(intent=ASKED)
    assert reply.status == 201
    assert {each["rule"]: each["by"] for each in reply.json["repairs"]} == {
        "compliance.approval.prod_target": "fixer",
        "security.pipeline.untrusted_image": "fixer",
    }
    assert len(claude.calls()) == 1


def test_a_step_that_the_repair_takes_out_is_in_no_change_and_told_as_left_out(
    server: ModelServer, claude: SimulatedClaude
):
    claude.script(does.answer(printed(1)), does.answer(said(region="europe-west3")))
    reply = server.generate(intent=ASKED)
    assert (reply.status, reply.json["policy"]["allow"]) == (201, True)
    assert reply.json["changes"] == {"region": "europe-west3"}
    assert [each["what"] for each in reply.json["repairs"]] == ["step smoke left out"]


def test_a_repair_that_reads_a_secret_brings_the_secret_along(server: ModelServer, claude: SimulatedClaude):
    safe = step("npm test\n", secret_env=["SMOKE_TOKEN"])
    services = [{"name": "payment-api", "memory": "4Gi", "secrets": [{"env": "SMOKE_TOKEN", "at": "build"}]}]
    claude.script(does.answer(printed(1)), does.answer(said(add_steps=[safe], services=services)))
    reply = server.generate(intent=f"{ASKED} and gets the secret SMOKE_TOKEN")
    assert (reply.status, len(reply.json["repairs"])) == (201, 1)
    assert "SMOKE_TOKEN" in reply.json["artifacts"]["cloudbuild.yaml"]
    assert "4Gi" not in str(reply.json["artifacts"])
