"""Rows 44 to 46 and 48 of the fault matrix (BEHAVIOUR.md §5): complete messages that nothing can be made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, Reply, said

GOOD = does.answer(said(region="europe-west3"))
MARK = "kilroy-was-here"
"""Stands in every unsafe file, so that it can be looked for."""


def adds(**step: Any) -> dict[str, Any]:
    return said(add_steps=[{"id": "smoke", "title": "Smoke", "lanes": ["check"], "script": "npm test\n", **step}])


def writes(*paths: str, content: str = MARK) -> dict[str, Any]:
    """Return an answer with further files, past our own types: a model may send anything."""
    answer = said()
    answer["extra_files"] = [{"path": path, "content": content} for path in paths]
    return answer


def refused_twice(server: ModelServer, claude: SimulatedClaude, action: does.Action) -> Reply:
    """Let the model give the same bad answer again and again, and check what Penstock makes of that."""
    claude.reset()
    claude.script(then=action)
    refused = server.generate()
    assert (refused.status, refused.json["error"], refused.json["retryable"]) == (503, "AI output unusable", True)
    assert len(claude.calls()) == refused.json["attempts"] == 2
    record = server.record(refused)
    assert (record["status"], record["failure_code"]) == ("failed", "ai-output-unusable")
    return refused


def objection(claude: SimulatedClaude) -> str:
    """Return what was said to the model about its first answer."""
    last: str = claude.calls()[1].json["messages"][-1]["content"]
    return last


@pytest.mark.parametrize("context_window", [False, True], ids=["max_tokens", "context window"])
def test_row_44_an_answer_that_was_cut_off_is_asked_for_once_more(
    server: ModelServer, claude: SimulatedClaude, context_window: bool
):
    claude.script(does.out_of_tokens('{"region": "us-east1"', context_window=context_window), GOOD)
    reply = server.generate()
    assert (reply.status, reply.json["model"]["reasked"]) == (201, True)
    assert [each["outcome"] for each in reply.json["model"]["attempts"]] == ["ok", "ok"]
    assert "europe-west3" in reply.json["artifacts"]["clouddeploy.yaml"]
    assert "cut off" in objection(claude)
    before = server.metric("model_output_unusable_total", reason="cut")
    refused_twice(server, claude, does.out_of_tokens('{"region"', context_window=context_window))
    assert server.metric("model_output_unusable_total", reason="cut") - before == 2


def test_row_45_a_refusal_is_told_and_settled(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.refusal("cyber"))
    refused = server.generate(key="row-45")
    assert (refused.status, refused.json["error"], refused.json["retryable"]) == (422, "Generation refused", False)
    assert refused.json["next"]
    assert server.record(refused)["status"] == "rejected"
    again = server.generate(key="row-45")
    assert (again.status, again.json["error"]) == (422, "Generation refused")
    assert again.json["pipeline_id"] == refused.json["pipeline_id"]
    assert len(claude.calls()) == 1, "the same key gets the same answer, and the model is not asked"


@pytest.mark.parametrize(
    ("action", "quoted"),
    [
        (does.text("Certainly! Here is your pipeline."), "not JSON"),
        (does.text(""), "empty"),
        (does.text('{"region": "europe-we'), "not JSON"),
        (does.text("[]"), "not one JSON object"),
        (does.text('{"region": "us-east1", "region": "us-west1"}'), "twice"),
        (does.text("[" * 100_000), "nests deeper"),
        (does.text('{"region": NaN}'), "no number"),
        (does.answer({**said(), "region": "the moon"}), "region"),
        (does.answer({**said(), "build_timeout_s": -1}), "build_timeout_s"),
        (does.answer({**said(), "shell": "rm -rf /"}), "no such field"),
        (does.answer(said(change_steps=[{"id": "no-such-step", "timeout_s": 60}])), "no step no-such-step"),
        (does.answer(said(remove_steps=["no-such-step"])), "no step no-such-step"),
        (does.answer(adds(after=["no-such-step"])), "no step no-such-step"),
        (does.answer(adds(service="no-such-service")), "no service no-such-service"),
        (does.answer(said(services=[{"name": "no-such-service", "port": 80}])), "no-such-service"),
        (does.answer(adds(lanes=["main"], secret_env=["NO_SUCH_SECRET"])), "NO_SUCH_SECRET"),
        (does.answer(adds(after=["smoke"])), "circle"),
        (does.answer(adds(image="evil/registry")), "names no version"),
        (does.answer(adds(script="npm run no-such-task\n")), "no-such-task"),
        (does.answer(said(add_triggers=[{"event": "schedule", "lane": "main"}])), "schedule"),
        (does.text("a", repeat=300_000), "longer than 256 KiB"),
        (does.answer(writes("docs/cicd/a.md", "docs/cicd/b.md", content="a" * 40_000)), "64 KiB are the most"),
        (does.answer(writes(*(f"docs/cicd/{number}.md" for number in range(500)))), "extra_files"),
    ],
    ids=[
        "prose", "empty", "cut JSON", "a list", "a key twice", "deep", "NaN", "bad region", "negative", "unknown field",
        "changes no step", "removes no step", "after no step", "no service", "services", "no secret", "circle",
        "floating image", "no task", "no schedule", "300 KB", "80 KB of files", "500 files",
    ],
)  # fmt: skip
def test_row_46_what_cannot_be_used_is_asked_for_once_more_with_the_error_quoted(
    server: ModelServer, claude: SimulatedClaude, action: does.Action, quoted: str
):
    refused = refused_twice(server, claude, action)
    assert quoted in objection(claude)
    assert quoted in str(refused.json["reasons"])


def test_row_46_the_second_answer_may_be_right_and_the_breaker_has_heard_no_failure(
    server: ModelServer, claude: SimulatedClaude
):
    for _ in range(6):
        claude.script(does.text("Sorry?"), GOOD)
        reply = server.generate()
        assert (reply.status, reply.json["mode"], reply.json["model"]["reasked"]) == (201, "ai", True)


def test_row_46_templates_stand_in_where_the_request_takes_them(server: ModelServer, claude: SimulatedClaude):
    claude.script(then=does.text("Sorry?"))
    reply = server.generate(fallback="on_any_failure")
    assert (reply.status, reply.json["mode"], reply.json["degraded"]) == (201, "template", True)
    assert "could not be used" in reply.json["degraded_reason"]


@pytest.mark.parametrize(
    "paths",
    [
        ["../outside.md"], ["docs/cicd/../../outside.md"], ["/etc/cron.d/evil"], [".git/hooks/pre-commit"],
        ["docs/cicd/a\x00b.md"], ["docs/cicd/Notes.md", "docs/cicd/notes.md"], [".github/workflows/evil.yml"],
        ["CODEOWNERS"], ["docs/cicd/CON.md"], ["cloudbuild.yaml"], ["docs/cicd/penstock.lock.json"],
        ["docs/cicd/\u202egnp.md"], ["docs\\cicd\\evil.md"], ["docs/cicd/evil.sh"],
    ],
    ids=lambda paths: ascii(paths[-1]),
)  # fmt: skip
def test_row_48_an_unsafe_path_is_asked_for_once_more_and_stored_nowhere(
    server: ModelServer, claude: SimulatedClaude, paths: list[str]
):
    refused = refused_twice(server, claude, does.answer(writes(*paths)))
    assert server.files(refused) in ([], {})
    assert MARK not in str(refused.json) + str(server.record(refused))
    assert not stored(server.server.data_dir / "archive", MARK)
    assert MARK not in server.server.log_file.read_text()


def test_row_48_a_file_where_files_may_stand_is_written(server: ModelServer, claude: SimulatedClaude):
    claude.script(does.answer(writes("docs/cicd/runbook.md", content="# Runbook\n\nCall the team.\n")))
    reply = server.generate()
    assert reply.status == 201
    assert "Call the team." in reply.json["artifacts"]["docs/cicd/runbook.md"]
    assert stored(server.server.data_dir / "archive", "Call the team.")


def stored(folder: Path, text: str) -> list[Path]:
    """Return the files below a folder that hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
