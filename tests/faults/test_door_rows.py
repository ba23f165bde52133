"""Rows 10 to 18 of the fault matrix (BEHAVIOUR.md §5): many at once, clients that leave, deadlines, ends, clocks."""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from database_parts import PEPPER
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, said
from server_process import BODY, GENERATE, Answer, Server, penstock

GOOD = does.answer(said(build_timeout_s=1200))
MANY = int(os.environ.get("MANY", "12"))
"""Generations under way when the server ends; the specification's numbers with MANY=40."""
PATIENT = {
    "PENSTOCK_MODEL__FIRST_BYTE_S": "30",
    "PENSTOCK_MODEL__IDLE_S": "30",
    "PENSTOCK_MODEL__ATTEMPT_S": "30",
    "PENSTOCK_DEADLINE__MODEL_S": "90",
    "PENSTOCK_DEADLINE__JUDGE_S": "95",
    "PENSTOCK_MODEL__AT_ONCE": "60",
    "PENSTOCK_GATEWAY__GENERATIONS_PER_USER": "1000",
    "PENSTOCK_GATEWAY__GENERATIONS_PER_ORG": "1000",
}
"""A server that waits for its model, so that a test decides how long generations last."""


@pytest.fixture(scope="module")
def patient(start: Callable[..., ModelServer]) -> ModelServer:
    return start(
        "patient",
        **{**PATIENT, "PENSTOCK_GATEWAY__GENERATIONS_PER_USER": "3", "PENSTOCK_GATEWAY__GENERATIONS_PER_ORG": "5"},
    )


@pytest.fixture
def house(patient: ModelServer, claude: SimulatedClaude) -> ModelServer:
    claude.script(then=GOOD)
    return patient


def slow(seconds: float) -> does.Action:
    return {**GOOD, "delay_headers": seconds}


def send(server: Server, idem: str = "", *, body: object = None, key: str | None = None, **headers: str) -> Answer:
    asked = {**BODY, "options": {"target": "cloud-run"}} if body is None else body
    return server.call("POST", GENERATE, asked, key=key, **({"Idempotency_Key": idem} if idem else {}), **headers)


@contextmanager
def under_way(server: Server, keys: list[str], claude: SimulatedClaude) -> Iterator[list[Future[Answer]]]:
    """Have a generation for each key before the model, each of which has been asked by now."""
    with ThreadPoolExecutor(len(keys)) as threads:
        asking = [threads.submit(send, server, key) for key in keys]
        claude.calls_so_far(at_least=len(keys))
        yield asking


def idem_keys(count: int) -> list[str]:
    return [uuid.uuid4().hex for _ in range(count)]


def slug(answer: Answer) -> str:
    return str(answer.json.get("type", "")).rpartition("#")[2]


def test_row_10_of_fifty_with_one_key_one_makes_the_pipeline_and_nobody_is_told_of_too_many(
    house: ModelServer, claude: SimulatedClaude
):
    claude.script(slow(0.5), then=GOOD)
    (key,) = idem_keys(1)
    before = len(house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"])
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: send(house.server, key), range(50)))
    made = [answer for answer in answers if answer.status == 201]
    refused = {(answer.status, slug(answer)) for answer in answers if answer.status != 201}
    assert len([answer for answer in made if "idempotency-replayed" not in answer.headers]) == 1
    assert refused == {(409, "idempotency-in-flight")}
    assert len({answer.json["pipeline_id"] for answer in made}) == 1
    assert len(claude.calls()) == 1
    assert len(house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"]) == before + 1


def test_row_11_a_key_with_another_body_is_refused_while_it_is_worked_on_and_after(
    house: ModelServer, claude: SimulatedClaude
):
    claude.script(slow(0.5), then=GOOD)
    (key,) = idem_keys(1)
    other = {**BODY, "intent": "Something else for payment-api"}
    with under_way(house.server, [key], claude) as (asking,):
        early = send(house.server, key, body=other)
        made = asking.result()
    late = send(house.server, key, body=other)
    assert [(each.status, slug(each)) for each in (early, late)] == [(422, "idempotency-key-reused")] * 2
    again = send(house.server, key)
    assert (again.status, again.content) == (201, made.content)


def test_row_12_a_client_that_leaves_during_the_model_call_finds_its_pipeline_later(
    house: ModelServer, claude: SimulatedClaude
):
    claude.script(slow(0.5), then=GOOD)
    (key,) = idem_keys(1)
    gone = house.metric("penstock_happenings_total", what="client_gone")
    client = house.begin(key=key, intent=BODY["intent"])
    claude.calls_so_far(at_least=1)
    client.close()
    while (again := send(house.server, key)).status == 409:
        assert slug(again) == "idempotency-in-flight"
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert len(claude.calls()) == 1
    assert house.server.call("GET", again.headers["location"]).json["attempt_no"] == 1
    assert house.metric("penstock_happenings_total", what="client_gone") == gone + 1


@pytest.mark.parametrize("told", ["4999", "45001", "5e3", "-1", "", "soon"])
def test_row_13_a_deadline_out_of_bounds_is_refused(house: ModelServer, told: str):
    refused = send(house.server, X_Request_Timeout_Ms=told)
    assert (refused.status, slug(refused)) == (400, "invalid-request")
    assert "5000 to 45000" in refused.json["detail"]


def test_row_13_work_that_lasts_longer_than_its_client_waits_is_ended_and_resumed(
    house: ModelServer, claude: SimulatedClaude
):
    claude.script(slow(20), then=GOOD)
    (key,) = idem_keys(1)
    late = send(house.server, key, X_Request_Timeout_Ms="5000")
    assert (late.status, slug(late), late.json["retryable"]) == (504, "deadline-exceeded", True)
    (record,) = house.server.call("GET", "/api/v1/pipelines?limit=1").json["pipelines"]
    assert (record["status"], record["failure_code"]) == ("failed", "deadline-exceeded")
    again = send(house.server, key)
    assert (again.status, again.json["pipeline_id"]) == (201, record["pipeline_id"])


def test_a_user_and_an_organisation_have_a_share_of_the_server(house: ModelServer, claude: SimulatedClaude):
    made = penstock(house.server.data_dir, "keys", "create", "--name", "ben", "--owner", "ben", "--json")
    colleague = json.loads(made.stdout)["key"]
    claude.script(then=slow(3))
    with under_way(house.server, idem_keys(3), claude) as asking, ThreadPoolExecutor(2) as threads:
        mine = send(house.server)
        others = [threads.submit(send, house.server, key=colleague) for _ in range(2)]
        claude.calls_so_far(at_least=5)
        ours = send(house.server, key=colleague)
        reading = house.server.call("GET", "/api/v1/pipelines")
        rows = len(house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"])
        done = [each.result().status for each in (*asking, *others)]
    assert [(each.status, slug(each)) for each in (mine, ours)] == [(429, "concurrency-limited")] * 2
    assert all(int(each.headers["retry-after"]) >= 1 for each in (mine, ours))
    assert "You have 3" in mine.json["detail"]
    assert "Your organisation has 5" in ours.json["detail"]
    assert reading.status == 200
    assert done == [201] * 5
    assert len(house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"]) == rows
    assert send(house.server).status == 201  # places were given back


def test_row_14_a_full_server_sheds_without_a_trace_and_reading_goes_on(
    start: Callable[..., ModelServer], claude: SimulatedClaude
):
    places, queue, more = (60, 16, 124) if MANY >= 40 else (6, 3, 12)
    house = start(
        "full",
        **PATIENT,
        PENSTOCK_HTTP__MAX_GENERATIONS=str(places),
        PENSTOCK_HTTP__MAX_WAITING=str(queue),
        PENSTOCK_HTTP__MAX_WAIT_S="30",
    )
    before = len(house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"])
    claude.reset()
    claude.script(then=slow(12 if MANY >= 40 else 3))
    with (
        under_way(house.server, idem_keys(places), claude) as asking,
        ThreadPoolExecutor(queue + more) as threads,
    ):
        later = [threads.submit(send, house.server) for _ in range(queue + more)]
        reading = house.server.call("GET", "/api/v1/pipelines")
        answers = [each.result() for each in (*asking, *later)]
    shed = [answer for answer in answers if answer.status == 503]
    assert (len(answers) - len(shed), len(shed)) == (places + queue, more)
    assert {slug(answer) for answer in shed} == {"overloaded"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 5 for answer in shed)
    assert {answer.status for answer in answers} == {201, 503}
    assert reading.status == 200
    rows = house.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"]
    assert len(rows) == before + places + queue
    assert house.metric("penstock_happenings_total", what="shed") == more


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["row 15 SIGTERM", "row 16 SIGKILL"])
def test_rows_15_and_16_a_server_that_ends_with_work_under_way_loses_none_of_it(
    start: Callable[..., ModelServer], claude: SimulatedClaude, how: signal.Signals
):
    env = {**PATIENT, "PENSTOCK_DATABASE__LEASE_S": "2" if how is signal.SIGKILL else "30"}
    name, keys = f"ending-{how.name}", idem_keys(MANY)
    house = start(name, **env)
    claude.reset()
    claude.script(then=slow(25))
    with under_way(house.server, keys, claude) as asking:
        code = house.server.stop(how)
        answers = [_answer(each) for each in asking]
    if how is signal.SIGTERM:
        assert code == 0
        assert {(each and each.status, each and slug(each)) for each in answers} == {(503, "interrupted")}
    claude.reset()
    claude.script(then=GOOD)
    again = start(name, key=house.server.key, **env)
    for key in keys:
        while (resumed := send(again.server, key)).status == 409:
            assert how is signal.SIGKILL, "its lease was not given back"
        record = again.server.call("GET", resumed.headers["location"]).json
        assert (resumed.status, record["status"], record["attempt_no"]) == (201, "active", 2)
    listed = again.server.call("GET", "/api/v1/pipelines?limit=200").json["pipelines"]
    assert len({each["pipeline_id"] for each in listed if each["attempt_no"] == 2}) == len(keys)


def test_row_17_an_event_loop_that_was_held_up_is_late_and_nothing_worse(house: ModelServer, claude: SimulatedClaude):
    claude.script(slow(0.5), then=GOOD)
    with under_way(house.server, idem_keys(1), claude) as (asking,):
        house.server.process.send_signal(signal.SIGSTOP)
        try:
            claude.calls()  # the model has answered, and nobody has read it
        finally:
            house.server.process.send_signal(signal.SIGCONT)
        assert asking.result().status == 201
    assert len(claude.calls()) == 1


SKEWED = """
import asyncio, datetime
from penstock.bootstrap.opener import FromSettings
from penstock.kit.clock import SystemClock

SystemClock.now = lambda self: datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes={minutes})
asyncio.run(FromSettings().serve(host=None, port=0, data_dir=None))
"""
"""A server whose wall clock is wrong."""


def test_row_18_a_wrong_clock_takes_no_lease_away_and_gives_no_allowance(
    new_database: Callable[[], str], model_environment: dict[str, str], claude: SimulatedClaude, data_dir: Path
):
    env = {
        **model_environment, **PATIENT, **PEPPER, "PENSTOCK_DATABASE__URL": new_database(),
        "PENSTOCK_DATABASE__POOLER": "true", "PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE": "40",
    }  # fmt: skip
    made = penstock(data_dir, "keys", "create", "--name", "skew", "--owner", uuid.uuid4().hex, "--json", **env)
    own = json.loads(made.stdout)["key"]
    servers = [
        Server(data_dir.with_name(f"clock{minutes}"), (sys.executable, "-c", SKEWED.format(minutes=minutes)), **env)
        for minutes in (5, -5)
    ]
    try:
        for server in servers:
            server.key = own
        claude.script(slow(1.5), then=GOOD)
        (key,) = idem_keys(1)
        with under_way(servers[0], [key], claude) as (asking,):
            meanwhile = send(servers[1], key)
            first = asking.result()
        replayed = send(servers[1], key)
        assert (meanwhile.status, slug(meanwhile)) == (409, "idempotency-in-flight")
        assert (first.status, replayed.status, replayed.content) == (201, 201, first.content)
        admitted = 0
        while servers[admitted % 2].call("GET", "/api/v1/pipelines").status == 200:
            admitted += 1
        assert 30 <= admitted <= 80  # the 40 of both together, had the minute not gone on meanwhile
    finally:
        for server in servers:
            server.stop()


def _answer(asking: Future[Answer]) -> Answer | None:
    try:
        return asking.result()
    except OSError:  # the connection ended with the server
        return None


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
