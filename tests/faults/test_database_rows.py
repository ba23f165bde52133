"""Rows 60 to 71 of the fault matrix (BEHAVIOUR.md §5): PostgreSQL behind a bad wire, seen through the REST door."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from database_parts import ONCE, Wired, run, wired
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer, Reply, said

GOOD = does.answer(said(build_timeout_s=1200))


@pytest.fixture(scope="module")
def behind_a_wire(start: Callable[..., ModelServer], new_database: Callable[[], str]) -> Iterator[Wired]:
    with wired(start, "wired", new_database(), PENSTOCK_DATABASE__POOL_MIN="4", PENSTOCK_DATABASE__POOL_MAX="4") as it:
        yield it


@pytest.fixture
def house(behind_a_wire: Wired, claude: SimulatedClaude) -> Iterator[Wired]:
    """Return the server with a good wire and a good model."""
    claude.script(then=GOOD)
    yield behind_a_wire
    behind_a_wire.wire.heal()
    while behind_a_wire.server.generate(mode="template").status != 201:
        pass  # its second of not trying again is over soon


def failed(reply: Reply, status: int = 500, error: str = "Database error") -> bool:
    told = reply.json
    assert (reply.status, told["error"], told["retryable"]) == (status, error, True)
    assert told["trace_id"] == reply.headers["x-trace-id"]
    return True


def test_row_60_without_a_database_nothing_is_asked_of_the_model(house: Wired, claude: SimulatedClaude):
    claims = house.count("pipelines")
    house.wire.refuse()
    assert failed(house.server.generate())
    assert house.live().status == 200
    house.wire.heal()
    assert claude.calls() == []
    assert house.count("pipelines") == claims


def test_row_61_a_database_that_dies_during_the_model_call_leaves_a_draft_nobody_pays_for_twice(
    house: Wired, claude: SimulatedClaude
):
    claude.script({**GOOD, "delay_headers": 0.5}, then=GOOD)
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(house.server.generate, key=key)
        claude.calls_so_far(at_least=1)
        house.wire.refuse()
        reply = asking.result()
    assert failed(reply)
    house.wire.heal()
    (row,) = house.fetch("SELECT status, lease_until FROM pipelines WHERE idem_key = $1", key)
    assert row["status"] == "accepted"
    assert house.fetch("SELECT FROM usage_events u JOIN pipelines p USING (pipeline_id) WHERE idem_key = $1", key) == []
    house.fetch("UPDATE pipelines SET lease_until = now() WHERE idem_key = $1", key)  # as if its time had passed
    again = _until_served(house, key)
    assert again.status == 201
    assert house.counted(again) == {**ONCE}


@pytest.mark.parametrize("transaction", ["claim", "promise", "finish"])
def test_row_62_a_commit_whose_answer_is_lost_is_read_back(house: Wired, claude: SimulatedClaude, transaction: str):
    key = uuid.uuid4().hex
    pattern = {"claim": key.encode(), "promise": b'"name":"gcp-', "finish": b'"status":"active"'}[transaction]
    house.wire.cut_on(pattern)
    unknown = house.server.metric("penstock_happenings_total", what="commit_unknown")
    before = house.wire.cuts
    reply = house.server.generate(key=key)
    assert house.wire.cuts == before + 1, "no answer was lost: the test looked for the wrong bytes"
    assert reply.status == 201
    assert house.counted(reply) == ONCE
    assert len(claude.calls()) == 1
    assert house.server.metric("penstock_happenings_total", what="commit_unknown") == unknown + 1


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
@pytest.mark.parametrize("times", [1, 3, 4])
def test_rows_63_and_64_what_was_rolled_back_runs_again_three_times(
    house: Wired, claude: SimulatedClaude, sqlstate: str, times: int
):
    key = uuid.uuid4().hex
    with house.failing(sqlstate, times):
        reply = house.server.generate(key=key)
        assert house.tried() == min(times + 1, 4)
    if times < 4:
        assert reply.status == 201
    else:
        assert failed(reply)
        (row,) = house.fetch("SELECT status, draft FROM pipelines WHERE idem_key = $1", key)
        assert row["status"] == "failed"
        assert row["draft"] is not None
        reply = house.server.generate(key=key)
    assert house.counted(reply)["promised"] == house.counted(reply)["usage"] == 1
    assert len(claude.calls()) == 1


def test_row_65_of_many_with_one_key_one_makes_the_pipeline(house: Wired, claude: SimulatedClaude):
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: house.server.generate(key=key), range(8)))
    assert {reply.status for reply in replies} <= {201, 409}
    (row,) = house.fetch("SELECT pipeline_id FROM pipelines WHERE idem_key = $1", key)
    made = [reply for reply in replies if reply.status == 201]
    assert {reply.json["pipeline_id"] for reply in made} == {str(row["pipeline_id"])}
    assert len(claude.calls()) == 1


def test_row_66_another_constraint_is_told_at_once_and_the_draft_is_kept(house: Wired, claude: SimulatedClaude):
    key = uuid.uuid4().hex
    with house.failing("23514", 1):
        assert failed(house.server.generate(key=key))
        assert house.tried() == 1
    again = house.server.generate(key=key)
    assert (again.status, house.counted(again)["promised"], len(claude.calls())) == (201, 1, 1)


def test_row_67_when_every_connection_is_lent_more_work_is_shed_without_a_trace(house: Wired, claude: SimulatedClaude):
    claude.script(then=GOOD)
    before = house.count("pipelines")
    with (
        house.trigger("PERFORM pg_sleep(0.9);", on="BEFORE INSERT ON pipelines", when=""),
        ThreadPoolExecutor(9) as threads,
    ):
        replies = list(threads.map(lambda _: house.server.generate(mode="template"), range(9)))
    shed = [reply for reply in replies if reply.status == 503]
    assert shed
    assert all(failed(reply, 503, "Overloaded") and reply.headers["retry-after"] for reply in shed)
    made = [reply for reply in replies if reply.status == 201]
    assert len(made) + len(shed) == 9
    assert house.count("pipelines") == before + len(made)
    assert house.server.metric("penstock_happenings_total", what="db_pool_exhausted") >= len(shed)


def test_row_68_a_server_without_a_connection_to_spare_is_as_one_that_does_not_answer(
    house: Wired, claude: SimulatedClaude
):
    house.fetch(f"ALTER ROLE {house.role} CONNECTION LIMIT 0")
    try:
        house.wire.reset()
        assert failed(house.server.generate())
    finally:
        house.fetch(f"ALTER ROLE {house.role} CONNECTION LIMIT -1")
    assert claude.calls() == []
    assert "53300" in {line.get("sqlstate") for line in house.server.server.log()}


@pytest.mark.parametrize("sqlstate", ["53100", "25006"])
def test_row_69_a_full_disk_or_a_server_that_only_reads_is_tried_once_more_over_a_new_connection(
    house: Wired, claude: SimulatedClaude, sqlstate: str
):
    opened = house.wire.connections
    with house.failing(sqlstate, 1):
        reply = house.server.generate()
        assert house.tried() == 2
    assert reply.status == 201
    assert house.wire.connections > opened, "the connections were not made anew"
    with house.failing(sqlstate, 5):
        assert failed(house.server.generate())
        assert house.tried() == 2
    assert len(claude.calls()) == 2


def test_row_70_a_record_that_is_held_is_a_failure_in_time_and_the_same_key_goes_on(
    house: Wired, claude: SimulatedClaude
):
    claude.script({**GOOD, "delay_headers": 0.3}, then=GOOD)
    key = uuid.uuid4().hex
    held, let_go = threading.Event(), threading.Event()

    async def holding() -> None:
        connection = await asyncpg.connect(house.dsn)
        async with connection.transaction():
            while not await connection.fetch("SELECT FROM pipelines WHERE idem_key = $1 FOR UPDATE", key):
                pass
            held.set()
            await asyncio.to_thread(let_go.wait)
        await connection.close()

    with ThreadPoolExecutor(2) as threads:
        keeper = threads.submit(run, holding())
        asking = threads.submit(house.server.generate, key=key)
        held.wait(20)
        reply = asking.result()
        let_go.set()
        keeper.result()
    assert failed(reply)
    house.fetch("UPDATE pipelines SET lease_until = now() WHERE idem_key = $1", key)
    again = house.server.generate(key=key)
    assert (again.status, house.counted(again)["usage"]) == (201, 1)


def test_row_70_a_connection_whose_statement_hung_is_not_used_again(house: Wired):
    ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'penstock' AND datname = current_database()"
    before = {row["pid"] for row in house.fetch(ours)}
    with house.trigger("PERFORM pg_sleep(5);"):
        reply = house.server.generate(mode="template")
    assert failed(reply)
    after = {row["pid"] for row in house.fetch(ours)}
    assert before - after, "every connection is still there"


def test_row_71_idle_connections_that_were_killed_are_replaced_unseen(house: Wired, claude: SimulatedClaude):
    house.server.generate(mode="template")
    house.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'penstock' AND datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert [house.server.generate().status for _ in range(3)] == [201, 201, 201]
    house.wire.reset()
    assert [house.server.generate().status for _ in range(3)] == [201, 201, 201]
    assert len(claude.calls()) == 6


def _until_served(house: Wired, key: str) -> Reply:
    reply = house.server.generate(key=key)
    while reply.status == 500:  # within the second in which the database is not tried again
        reply = house.server.generate(key=key)
    return reply


def test_a_client_that_leaves_before_the_model_is_asked_costs_nothing(house: Wired, claude: SimulatedClaude):
    key = uuid.uuid4().hex
    with house.trigger("PERFORM pg_sleep(0.5);", on="BEFORE INSERT ON pipelines", when=""):
        client = house.server.begin(key=key)
        while not house.fetch("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            pass
        client.close()
        while not (rows := house.fetch("SELECT * FROM pipelines WHERE idem_key = $1 AND lease_until IS NULL", key)):
            pass
    assert (rows[0]["status"], rows[0]["failure_code"]) == ("failed", "client_gone")
    assert claude.calls() == []
    again = house.server.generate(key=key)
    assert (again.status, again.json["pipeline_id"]) == (201, str(rows[0]["pipeline_id"]))
