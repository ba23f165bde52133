"""Row 90 of the fault matrix (BEHAVIOUR.md §5): the server is killed at 13 places, and nothing is lost or done twice.

Each case has a server of its own in one data folder, with its PostgreSQL; a kill takes both. Then the leases run out, a
server that finishes what others promised is killed in its turn, and a last one heals. CRASHES=full runs every place in
every way (`make test-crashes`), else each place is met at least once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crash_parts import (
    ASKED_AGAIN,
    NOT_WITHOUT_A_MODEL,
    POINTS,
    PROMISED,
    Case,
    House,
    check_trail,
)
from database_parts import PEPPER
from fakes.claude_process import simulated_claude
from fakes.github_process import simulated_github
from server_process import Server, penstock

FULL = os.environ.get("CRASHES") == "full"
SLOWLY = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$"


def short_matrix() -> list[Case]:
    """Each place once by the model's way, with a client that comes back and one that does not in turns."""
    cases = [Case(point, "ai", returns=number % 2 == 0) for number, point in enumerate(POINTS)]
    return [*cases, Case("K10", "template", returns=False)]


def full_matrix() -> list[Case]:
    ways = [(mode, returns) for mode in ("ai", "template") for returns in (True, False)]
    return [Case(point, mode, returns=returns) for mode, returns in ways for point in POINTS]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with (
        tempfile.TemporaryDirectory(prefix="penstock-") as folder,
        simulated_claude() as claude,
        simulated_github() as github,
    ):
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as somebody else, who must pass
        yield House(Path(folder) / "data", claude, github)


def test_row_90_a_kill_anywhere_loses_nothing_and_does_nothing_twice(house: House):
    cases = full_matrix() if FULL else short_matrix()
    for case in cases:
        house.kill_at(case)
        assert case.reached is not (case.mode == "template" and case.point in NOT_WITHOUT_A_MODEL), case
    left = house.records()
    for case in cases:
        case.before = left.get(case.key, {})
    house.time_passes()
    house.kill_who_rescues()
    house.time_passes()
    server = house.healthy()
    try:
        for case in cases:
            if case.returns:
                come_back(house, server, case)
        house.wait_until_ended()
        for case in cases:
            check(house, server, case)
        house.wait_until_ended()
        check_events(house)
    finally:
        server.stop()
    tell(cases)


@pytest.mark.parametrize("returns", [True, False] if FULL else [False])
def test_a_promise_committed_after_its_worker_died_is_kept(
    house: House, new_database: Callable[[], str], *, returns: bool
):
    dsn = new_database()
    settings = {**PEPPER, "PENSTOCK_DATABASE__URL": dsn, "PENSTOCK_DATABASE__POOLER": "true"}
    folder = house.folder.with_name(f"elsewhere-{returns}")
    key = json.loads(penstock(folder, "keys", "create", "--name", "crash", "--json", **settings).stdout)["key"]
    there = House(folder, house.claude, house.github, key=key, **settings)
    there.fetch(SLOWLY)
    there.fetch(
        "CREATE TRIGGER slow BEFORE INSERT ON usage_events FOR EACH ROW WHEN (NEW.kind = 'pipeline') EXECUTE FUNCTION slow()"
    )
    case = Case("K7:0.2", "ai", returns=returns)
    there.kill_at(case)
    assert case.reached
    there.fetch("SELECT pg_sleep(0.5)")
    case.before = there.records()[case.key]
    assert case.before["status"] == "generated"
    there.time_passes()
    server = there.healthy()
    try:
        if returns:
            come_back(there, server, case)
        there.wait_until_ended()
        check(there, server, case)
    finally:
        server.stop()


def come_back(house: House, server: Server, case: Case) -> None:
    """Send the request again: it is answered as if nothing had happened, under the same id."""
    answer = house.send_until_answered(server, case)
    assert answer.status == 201, (case, answer.text)
    assert answer.json["status"] == "active"
    if case.before:
        assert answer.json["pipeline_id"] == str(case.before["pipeline_id"])
    assert answer.json["delivery"]["commit_sha"] == house.repositories[case.repository].head()


def check(house: House, server: Server, case: Case) -> None:
    record = house.records().get(case.key)
    promised = case.point in PROMISED or case.before.get("status") == "generated"
    if case.point == "K1" and not case.returns:
        assert record is None
        case.ended = "no record"
        return
    assert record is not None
    if case.reached and not promised and not case.returns:
        assert (record["status"], record["failure_code"]) == ("failed", "interrupted")
        assert house.commits(case, record["pipeline_id"]) == 0
        check_trail(house, record)
        come_back(house, server, case)  # late, and it is resumed all the same
        record = house.records()[case.key]
    assert (record["status"], record["audit_state"]) == ("active", "stored"), case
    assert house.commits(case, record["pipeline_id"]) == 1
    assert len(house.repositories[case.repository].log()) == 2
    check_trail(house, record)
    assert house.questions(case) == (0 if case.mode == "template" else 2 if case.point in ASKED_AGAIN else 1), case
    case.ended = end_of(case, promised=promised)


def end_of(case: Case, *, promised: bool) -> str:
    if not promised:
        return "resumed" if case.before else "made"
    if case.before["status"] == "active":
        return "answered again" if case.returns else "was done"
    return "finished, answered" if case.returns else "finished by the system"


def check_events(house: House) -> None:
    """Every event is in the file, under its own id; a second time is allowed, and deduped by that id."""
    published = house.published()
    ids = {str(row["event_id"]) for row in house.fetch("SELECT event_id FROM outbox")}
    assert set(published) == ids


def tell(cases: list[Case]) -> None:
    lines = [f"\n{'place':6}{'way':10}{'client':14}{'left behind':13}end"]
    for case in cases:
        left = case.before.get("status") or "nothing"
        client = "comes back" if case.returns else "never returns"
        end = case.ended if case.reached else "not on this way"
        lines.append(f"{case.point:6}{case.mode:10}{client:14}{left:13}{end}")
    kills = sum(case.reached for case in cases)
    lines.append(f"{kills} kills, and one of the rescuer: 0 lost, 0 double commits")
    sys.stdout.write("\n".join(lines) + "\n")
