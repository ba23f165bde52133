"""What was paid for is kept (BEHAVIOUR.md §2.1, §5 rows 54 and 90): the same key asks no model twice, and every attempt is billed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, said
from server_process import penstock

USAGE = {
    "input_tokens": 1_000, "output_tokens": 200, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
}  # fmt: skip
MICRO_USD = 1_000 * 3 + 200 * 15
"""By the usual prices: 3 and 15 USD for a million tokens."""
GOOD = does.answer(said(region="europe-west3"), usage=USAGE)
LATE = does.answer(said(region="europe-west3"), usage=USAGE, delay_headers=0.4)


class PaidServer:
    """A server whose database can be looked into; another can take its place."""

    def __init__(self, start: Callable[..., ModelServer], dsn: str, folder: Path) -> None:
        self.dsn = dsn
        self._start = start
        self._env = {
            "PENSTOCK_DATABASE__URL": dsn,
            "PENSTOCK_DATABASE__POOL_MIN": "1",
            "PENSTOCK_DATABASE__POOL_MAX": "10",
            "PENSTOCK_GATEWAY__PEPPER": "a pepper of thirty-two characters",
        }
        made = penstock(folder, "keys", "create", "--name", "test", "--json", **self._env)
        assert made.returncode == 0, made.stderr
        self._key = json.loads(made.stdout)["key"]
        self.server = self._started()

    def replace(self) -> None:
        self.server = self._started()

    def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async def ask() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetch(query, *values)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def billed(self, pipeline_id: str) -> list[tuple[str, int, int]]:
        """Return outcome, tokens and millionths of a dollar of every attempt on a model."""
        rows = self.fetch(
            "SELECT quantity, detail FROM usage_events WHERE pipeline_id = $1 AND kind = 'model' ORDER BY usage_id",
            UUID(pipeline_id),
        )
        found = [(json.loads(row["detail"]), row["quantity"]) for row in rows]
        return [(detail["outcome"], int(tokens), detail["micro_usd"]) for detail, tokens in found]

    def pipeline_of(self, key: str) -> asyncpg.Record:
        (row,) = self.fetch("SELECT * FROM pipelines WHERE idem_key = $1", key)
        return row

    def until_drafted(self, key: str) -> None:
        given_up = time.monotonic() + 10
        while self.pipeline_of(key)["status"] != "drafted":
            assert time.monotonic() < given_up

    def _started(self) -> ModelServer:
        return self._start(f"paid-{os.urandom(4).hex()}", key=self._key, **self._env)


@pytest.fixture(scope="module")
def paid(
    start: Callable[..., ModelServer], new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> PaidServer:
    return PaidServer(start, new_database(), tmp_path_factory.mktemp("keys"))


@pytest.fixture(autouse=True)
def closed_breaker(paid: PaidServer, claude: SimulatedClaude, valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    claude.reset()


@contextmanager
def judges_stopped(server: ModelServer) -> Iterator[None]:
    """Let the processes that judge stand still."""
    judges = server.server.children() - server.server.services()
    assert judges
    for pid in judges:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in judges & server.server.children():
            os.kill(pid, signal.SIGCONT)


def test_row_54_when_the_gate_does_not_answer_the_resent_request_asks_no_model(
    paid: PaidServer, claude: SimulatedClaude
):
    server = paid.server
    claude.script(then=LATE)
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(server.generate, key="row-54")
        claude.calls_so_far(at_least=1)
        with judges_stopped(server):
            refused = asking.result()
    assert (refused.status, refused.json["error"]) == (503, "Policy engine unavailable")
    pipeline_id = refused.json["pipeline_id"]
    assert paid.billed(pipeline_id) == [("ok", 1_200, MICRO_USD)]
    claude.script(then=does.error(401))
    again = server.generate(key="row-54")
    assert (again.status, again.json["pipeline_id"], again.json["model"]["from_draft"]) == (201, pipeline_id, True)
    assert again.json["model"]["attempts"] == []
    assert "europe-west3" in again.json["artifacts"]["clouddeploy.yaml"]
    assert len(claude.calls()) == 1
    assert paid.billed(pipeline_id) == [("ok", 1_200, MICRO_USD)], "billed once"
    assert paid.pipeline_of("row-54")["draft"] is None, "a promise needs no draft any more"


def test_a_process_killed_between_draft_and_promise_leaves_the_answer_to_the_next(
    paid: PaidServer, claude: SimulatedClaude
):
    claude.script(then=LATE)
    key, killed = "killed-after-draft", paid.server

    def ask() -> None:
        with pytest.raises(OSError):  # noqa: PT011 -- whichever way the connection ends
            killed.server.call("POST", "/api/v1/pipelines/generate", killed.body(), Idempotency_Key=key)

    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(ask)
        claude.calls_so_far(at_least=1)
        with judges_stopped(killed):
            paid.until_drafted(key)
            killed.server.stop(signal.SIGKILL)
        asking.result()
    paid.replace()
    in_flight = paid.server.generate(key=key)
    assert (in_flight.status, in_flight.json["retryable"]) == (409, True), "its lease may still be held"
    paid.fetch("UPDATE pipelines SET lease_until = now() - interval '1 second' WHERE idem_key = $1", key)
    claude.script(then=does.error(401))
    again = paid.server.generate(key=key)
    assert (again.status, again.json["model"]["from_draft"]) == (201, True)
    assert "europe-west3" in again.json["artifacts"]["clouddeploy.yaml"]
    assert paid.billed(again.json["pipeline_id"]) == [("ok", 1_200, MICRO_USD)]


def test_every_attempt_of_a_request_is_billed_the_useless_ones_too(paid: PaidServer, claude: SimulatedClaude):
    claude.script(does.overloaded(), does.text("Sorry?", usage=USAGE), GOOD)
    reply = paid.server.generate()
    assert paid.billed(reply.json["pipeline_id"]) == [
        ("overloaded", 0, 0), ("ok", 1_200, MICRO_USD), ("ok", 1_200, MICRO_USD),
    ]  # fmt: skip
    assert reply.json["model"]["cost_usd"] == pytest.approx(2 * MICRO_USD / 1_000_000)
    assert (reply.json["model"]["input_tokens"], reply.json["model"]["output_tokens"]) == (2_000, 400)


def test_a_failed_request_is_billed(paid: PaidServer, claude: SimulatedClaude):
    claude.script(then=does.text("Sorry?", usage=USAGE))
    refused = paid.server.generate()
    assert refused.status == 503
    assert paid.billed(refused.json["pipeline_id"]) == [("ok", 1_200, MICRO_USD)] * 2
    claude.script(then=does.refusal(usage=USAGE))
    refused = paid.server.generate()
    assert refused.status == 422
    assert paid.billed(refused.json["pipeline_id"]) == [("ok", 1_200, MICRO_USD)]


def test_a_degraded_pipeline_is_billed_for_what_was_tried(paid: PaidServer, claude: SimulatedClaude):
    claude.script(then=does.error_event(after_events=4, usage=USAGE))
    reply = paid.server.generate(fallback="on_any_failure")
    assert (reply.status, reply.json["degraded"]) == (201, True)
    outcomes = [outcome for outcome, _, _ in paid.billed(reply.json["pipeline_id"])]
    assert outcomes == ["overloaded"] * 4
    assert all(tokens >= 1_000 for _, tokens, _ in paid.billed(reply.json["pipeline_id"])), "what was read costs"


def test_a_draft_that_cannot_be_read_any_more_is_asked_for_anew(paid: PaidServer, claude: SimulatedClaude):
    claude.script(then=does.error(401))
    refused = paid.server.generate(key="old-draft")
    assert refused.status == 503
    paid.fetch(
        "UPDATE pipelines SET draft = $2 WHERE idem_key = $1",
        "old-draft", json.dumps({"changes": {"a_field_of_the_past": 1}, "model": "old"}),
    )  # fmt: skip
    claude.script(then=GOOD)
    again = paid.server.generate(key="old-draft")
    assert (again.status, again.json["model"]["from_draft"]) == (201, False)
