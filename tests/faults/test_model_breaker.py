"""Rows 49 to 53 of the fault matrix (BEHAVIOUR.md §5): what requests get while the model's circuit breaker is open."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, Reply, said
from server_process import penstock

from penstock.gateway import embedded_valkey

GOOD = does.answer(said(region="europe-west3"))
PATIENCE_S = 15
OPEN_S = 1
"""How long the breaker of the two servers stays open."""
Start = Callable[..., ModelServer]


def opened(server: ModelServer, claude: SimulatedClaude) -> int:
    """Open the breaker, let Claude be well again, and return how often it was called."""
    claude.script(then=does.error(401))
    for _ in range(5):
        assert server.generate().status == 503
    claude.script(then=GOOD)
    return len(claude.calls())


def until_asked(server: ModelServer, **options: str) -> Reply:
    """Ask until the model is asked again."""
    given_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < given_up:
        reply = server.generate(**options)
        if not (reply.status == 201 and reply.json["degraded"]):
            return reply
    pytest.fail("the model is not asked any more")


def test_row_49_an_open_breaker_makes_judged_templates_at_once_without_a_call(
    server: ModelServer, claude: SimulatedClaude
):
    calls = opened(server, claude)
    reply = server.generate(key="row-49")
    assert reply.seconds < 5
    assert (reply.status, reply.json["mode"], reply.json["degraded"]) == (201, "template", True)
    assert "circuit breaker" in reply.json["degraded_reason"]
    assert reply.json["policy"]["allow"]
    assert reply.json["policy"]["rules_evaluated"] > 0
    assert len(claude.calls()) == calls
    record = server.record(reply)
    assert (record["status"], record["mode"], record["degraded"]) == ("active", "template", True)
    assert server.metric("pipelines_degraded_total", reason="breaker_open") > 0
    again = server.generate(key="row-49")
    assert (again.status, again.json["degraded"]) == (201, True), "a stored answer says so, too"


def test_row_50_who_takes_no_templates_is_told_when_to_come_back(server: ModelServer, claude: SimulatedClaude):
    calls = opened(server, claude)
    refused = server.generate(key="row-50", fallback="never")
    assert (refused.status, refused.json["reason"], refused.json["attempts"]) == (503, "breaker_open", 0)
    assert 1 <= int(refused.headers["retry-after"]) <= 3
    assert server.record(refused)["status"] == "failed"
    assert len(claude.calls()) == calls
    again = until_asked(server)
    assert again.json["mode"] == "ai"
    resumed = server.generate(key="row-50", fallback="never")
    assert (resumed.status, resumed.json["pipeline_id"]) == (201, refused.json["pipeline_id"])


def test_two_successes_close_it_and_a_failed_probe_opens_it_again(server: ModelServer, claude: SimulatedClaude):
    opened(server, claude)
    claude.script(does.overloaded(), then=GOOD)
    calls = len(claude.calls())
    failed = _probe_that_fails(server, claude, calls)
    assert failed.json["degraded"], "a failed probe is not repeated: templates at once"
    assert server.generate().json["degraded"]
    assert until_asked(server).json["mode"] == "ai"
    assert until_asked(server).json["mode"] == "ai"
    assert server.metric("circuit_breaker_transitions_total", **{"from": "half_open", "to": "closed"}) > 0


def _probe_that_fails(server: ModelServer, claude: SimulatedClaude, calls: int) -> Reply:
    given_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < given_up:
        reply = server.generate()
        if len(claude.calls()) > calls:
            return reply
    pytest.fail("no probe is made")


@pytest.fixture(scope="module")
def pair(start: Start, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> list[ModelServer]:
    """Return two servers that share one Valkey and one PostgreSQL."""
    shared = {
        "PENSTOCK_DATABASE__URL": new_database(),
        "PENSTOCK_DATABASE__POOL_MIN": "1",
        "PENSTOCK_DATABASE__POOL_MAX": "10",
        "PENSTOCK_GATEWAY__PEPPER": "a pepper of thirty-two characters",
        "PENSTOCK_BREAKER__OPEN_S": str(OPEN_S),
        "PENSTOCK_BREAKER__PROBE_LEASE_S": "3",
        "PENSTOCK_MODEL__FIRST_BYTE_S": "2.9",
    }
    key = penstock(tmp_path_factory.mktemp("keys"), "keys", "create", "--name", "test", "--owner", "ann", **shared)
    assert key.returncode == 0, key.stderr
    with ThreadPoolExecutor(2) as threads:
        begun = [threads.submit(start, name, key=key.stdout.strip(), **shared) for name in ("one", "other")]
    return [each.result() for each in begun]


@pytest.fixture
def both(pair: list[ModelServer], claude: SimulatedClaude, valkey_url: str) -> list[ModelServer]:
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    return pair


def test_two_servers_obey_one_breaker(both: list[ModelServer], claude: SimulatedClaude, valkey_url: str):
    one, other = both
    while True:
        claude.reset()
        claude.script(then=does.error(401))
        for server in (one, other, one, other, one):
            begun = time.monotonic()
            assert server.generate().status == 503
        answers = [each.generate() for each in both]
        if time.monotonic() - begun < OPEN_S:  # else the machine was busy, and it may be half-open by now
            break
        with redis.Redis.from_url(valkey_url) as client:
            client.flushall()
    assert [each.json.get("degraded") for each in answers] == [True, True]
    assert len(claude.calls()) == 5


def test_row_52_a_failure_from_before_the_breaker_opened_does_not_disturb_the_probe(
    both: list[ModelServer], claude: SimulatedClaude
):
    one, other = both
    late = does.error(401, delay_headers=2.5, match="the late one")
    claude.script(then=[late, does.error(401)])
    ignored = one.metric("circuit_breaker_late_results_total")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(one.generate, intent="Create CI/CD pipeline, the late one")
        claude.calls_so_far(at_least=1)
        for _ in range(5):
            assert other.generate().status == 503
        claude.script(then=[late, GOOD])
        assert until_asked(other).json["mode"] == "ai"  # half-open: one success of two
        assert not waiting.done(), "the late failure has to come after the probe"
        assert waiting.result().status == 503
    assert one.metric("circuit_breaker_late_results_total") == ignored + 1
    assert other.generate().json["mode"] == "ai"
    assert other.metric("circuit_breaker_transitions_total", **{"from": "half_open", "to": "closed"}) > 0


def test_row_51_a_killed_prober_holds_the_others_up_no_longer_than_its_lease(
    both: list[ModelServer], claude: SimulatedClaude
):
    one, prober = both
    opened(one, claude)
    claude.script(then=does.answer(said(), delay_headers=2.8))
    calls = len(claude.calls())
    given_up = threading.Event()

    def probe() -> None:
        while not given_up.is_set():
            try:
                prober.server.call("POST", "/api/v1/pipelines/generate", prober.body())
            except OSError:
                return

    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(probe)
        try:
            claude.calls_so_far(at_least=calls + 1)
            prober.server.stop(signal.SIGKILL)
        finally:
            given_up.set()
        asking.result()
    assert one.generate().json["degraded"], "others fall back while the probe may still be answered"
    claude.script(then=GOOD)
    assert until_asked(one).json["mode"] == "ai"
    assert one.metric("circuit_breaker_probe_expired_total") == 1


def test_row_53_a_name_that_does_not_resolve_is_a_failed_connection_and_hinders_nothing_else(
    start: Start, valkey_url: str
):
    server = start("nowhere", PENSTOCK_MODEL__BASE_URL="http://model.invalid:9", PENSTOCK_MODEL__NAME="nowhere")
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()  # starting has asked it, too
    refused = server.generate()
    assert (refused.status, refused.json["reason"], refused.json["attempts"]) == (503, "connect", 4)
    assert server.record(refused)["status"] == "failed"
    assert server.generate(mode="template").json["degraded"] is False
    assert server.generate().json["degraded"]


@pytest.fixture
def own_valkey(servers_folder: Path) -> Iterator[embedded_valkey.EmbeddedValkey]:
    valkey = embedded_valkey.start(servers_folder / "valkey-to-end")
    yield valkey
    valkey.close()


def test_when_redis_ends_an_open_breaker_stays_open_and_the_process_goes_on_with_one_of_its_own(
    start: Start, claude: SimulatedClaude, own_valkey: embedded_valkey.EmbeddedValkey
):
    server = start("left-alone", PENSTOCK_REDIS__URL=own_valkey.url, PENSTOCK_BREAKER__OPEN_S="4")
    calls = opened(server, claude)
    own_valkey.close()
    refused = server.generate(fallback="never")
    assert (refused.status, refused.json["reason"]) == (503, "breaker_open")
    assert len(claude.calls()) == calls
    assert server.metric("circuit_breaker_source", source="local") == 1
    assert until_asked(server).json["mode"] == "ai"
    assert until_asked(server).json["mode"] == "ai"
    calls = opened(server, claude)
    assert server.generate().json["degraded"]
    assert len(claude.calls()) == calls


def test_a_second_model_is_tried_before_templates(start: Start, claude: SimulatedClaude):
    server = start(
        "two-models",
        PENSTOCK_MODEL__NAME="claude-opus-4-8",
        PENSTOCK_MODEL__SECOND="claude-haiku-5-5",
        PENSTOCK_MODEL__PRICES='{"claude-haiku-5-5": {"input": 1000, "output": 2000}}',
    )
    claude.script(then=[does.overloaded(match='"claude-opus-4-8"'), GOOD])
    reply = server.generate(fallback="on_any_failure")
    assert (reply.status, reply.json["mode"], reply.json["model"]["name"]) == (201, "ai", "claude-haiku-5-5")
    asked = [(each["model"], each["outcome"]) for each in reply.json["model"]["attempts"]]
    assert asked == [("claude-opus-4-8", "overloaded")] * 4 + [("claude-haiku-5-5", "ok")]
    model = reply.json["model"]
    assert model["cost_usd"] == (model["input_tokens"] * 1000 + model["output_tokens"] * 2000) / 1_000_000 > 0
    claude.script(then=[does.error(401, match='"claude-opus-4-8"'), GOOD])
    server.generate()  # the fifth failure opens the breaker of the first model, and of that one alone
    reply = server.generate()
    assert [each["model"] for each in reply.json["model"]["attempts"]] == ["claude-haiku-5-5"]
    claude.script(then=does.error(401))
    for _ in range(5):
        server.generate()
    assert server.generate().json["degraded"]
