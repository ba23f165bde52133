"""`penstock generate` with a model: what a person sees of it, and what when it is away."""

from __future__ import annotations

import pytest
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude

from penstock.domain.changes import Changes
from penstock.generation.answer_schema import answer_of

SENTENCE = "Deploy to Cloud Run in europe-west3"
GOOD = does.answer(answer_of(Changes(region="europe-west3", assumptions=("The region is Frankfurt.",))))


@pytest.fixture
def model(claude: SimulatedClaude) -> dict[str, str]:
    return {
        "PENSTOCK_MODEL__API_KEY": "sk-ant-simulated",
        "PENSTOCK_MODEL__BASE_URL": claude.url,
        "PENSTOCK_MODEL__BACKOFF_S": "[0.02, 0.02, 0.02]",
    }


def test_generate_streams_its_stages_and_says_who_adapted_the_plan(
    command_line, example, claude: SimulatedClaude, model: dict[str, str]
):
    claude.script(does.overloaded(), GOOD)
    repo = example("payment-api")
    done = command_line.run("generate", SENTENCE, "--repo", repo, **model)
    assert done.returncode == 0, done.stdout + done.stderr
    stages = [line.split()[1] for line in done.stderr.splitlines() if line.startswith(("  ✓", "  ✗"))]
    assert stages[: stages.index("plan")][-4:] == ["select", "attempt", "attempt", "adapt"]
    assert "overloaded" in done.stderr
    assert "Adapted by claude-sonnet-5-5 (2 asked" in done.stdout
    assert "The region is Frankfurt." in done.stdout
    assert "DEGRADED" not in done.stdout
    assert "europe-west3" in (repo / "clouddeploy.yaml").read_text()


def test_templates_that_stand_in_are_told_loudly(command_line, example, claude: SimulatedClaude, model: dict[str, str]):
    claude.script(then=does.error(401))
    done = command_line.run(
        "plan", SENTENCE, "--repo", example("payment-api"), "--fallback", "on_any_failure", **model
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "DEGRADED: no model adapted this plan, since it refuses our credentials" in done.stdout


def test_without_leave_to_fall_back_the_command_says_what_to_do(
    command_line, example, claude: SimulatedClaude, model: dict[str, str]
):
    claude.script(then=does.error(401))
    repo = example("payment-api")
    done = command_line.run("plan", SENTENCE, "--repo", repo, "--fallback", "never", **model)
    words = done.stdout + done.stderr
    assert done.returncode not in {0, 1}
    assert "Traceback" not in words
    assert "AI service unavailable" in words
    assert "--fallback on_any_failure" in words
    assert not (repo / "cloudbuild.yaml").exists()


def test_mode_template_asks_no_model(command_line, example, claude: SimulatedClaude, model: dict[str, str]):
    done = command_line.run("plan", SENTENCE, "--repo", example("payment-api"), "--mode", "template", **model)
    assert done.returncode == 0, done.stderr
    assert claude.calls() == []
    assert "DEGRADED" not in done.stdout


def test_mode_ai_without_a_model_says_how_to_set_one(command_line, example):
    done = command_line.run("plan", SENTENCE, "--repo", example("payment-api"), "--mode", "ai", ANTHROPIC_API_KEY="")
    words = done.stdout + done.stderr
    assert done.returncode == 2, words
    assert "no model is configured" in words
    assert "PENSTOCK_MODEL__API_KEY" in words


@pytest.mark.parametrize("option", ["--mode", "--fallback"])
def test_an_unknown_mode_or_fallback_is_refused_with_those_that_are_known(command_line, example, option: str):
    done = command_line.run("plan", SENTENCE, "--repo", example("payment-api"), option, "sometimes")
    assert done.returncode == 2
    assert "template" in done.stderr or "never" in done.stderr
