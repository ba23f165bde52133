"""Wrong settings of the model, told as what they are; and numbers of the model that nobody should believe."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from penstock.generation.claude import Access, ClaudeModel
from penstock.generation.claude_failures import MOST_WAIT_S, retry_after_s
from penstock.generation.model import NEUTRAL, RETRIED, AttemptLimits, FailureKind, ModelFailed, Prompt

NOWHERE = "http://127.0.0.1:9"
PROMPT = Prompt(("Rules.",), "asked", "found", {"type": "object"})


def failure(access: Access) -> ModelFailed:
    async def scene() -> ModelFailed:
        model = ClaudeModel("claude", access)
        await model.warm()
        with pytest.raises(ModelFailed) as failed:
            await model.attempt(PROMPT, AttemptLimits(2.0, 5.0, 5.0, 5.0))
        await model.close()
        return failed.value

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("access", "setting"),
    [
        (Access("key", "notaurl"), "BASE_URL"),
        (Access("key", "ftp://models.example"), "BASE_URL"),
        (Access("key", "http://"), "BASE_URL"),
        (Access("key", "http://127.0.0.1:99999"), "BASE_URL"),
        (Access("key", "http://["), "BASE_URL"),
        (Access("ke\ny", NOWHERE), "API_KEY"),
        (Access("ke y", NOWHERE), "API_KEY"),
        (Access("kéy", NOWHERE), "API_KEY"),
        (Access(None, NOWHERE, "project", "europe\n"), "VERTEX_REGION"),
        (Access(None, NOWHERE, "project", "global", "to\nken"), "VERTEX_TOKEN"),
    ],
)
def test_a_setting_with_which_nothing_can_be_sent_is_named_and_neither_retried_nor_held_against_the_model(
    access: Access, setting: str
):
    failed = failure(access)
    assert failed.kind is FailureKind.MISCONFIGURED
    assert f"PENSTOCK_MODEL__{setting}" in failed.message
    assert "ke" not in failed.message.split()
    assert failed.kind in NEUTRAL
    assert failed.kind not in RETRIED


def test_vertex_without_credentials_names_the_settings_of_vertex(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/credentials.json")
    failed = failure(Access(None, NOWHERE, "project", "global"))
    assert failed.kind is FailureKind.MISCONFIGURED
    assert "PENSTOCK_MODEL__VERTEX_PROJECT" in failed.message


def test_an_address_where_nobody_listens_is_still_a_failed_connection():
    assert failure(Access("key", NOWHERE)).kind is FailureKind.CONNECT


@pytest.mark.parametrize("told", ["inf", "-inf", "1e400", "nan", "soon", "", "Mon, 01 Jan 99999 00:00:00 GMT"])
def test_a_wait_that_is_no_number_counts_as_none(told: str):
    assert retry_after_s({"retry-after": told}) is None
    assert retry_after_s({"retry-after-ms": told, "retry-after": "7"}) == 7


@pytest.mark.parametrize(
    ("told", "seconds"), [("1e18", MOST_WAIT_S), ("3601", MOST_WAIT_S), ("12.5", 12.5), ("-3", 0.0)]
)
def test_a_wait_is_an_hour_at_most(told: str, seconds: float):
    assert retry_after_s({"retry-after": told}) == seconds


def test_a_wait_may_be_a_date():
    told = retry_after_s({"retry-after": formatdate(time.time() + 600, usegmt=True)})
    assert told is not None
    assert 500 < told <= 600
