"""A server's trail: events, audit log and usage, as its operator and its users see them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import BODY, GENERATE, Answer, Server, penstock

READS = ("--scope", "audit:read", "--scope", "usage:read")
PATIENCE_S = 40.0


@pytest.fixture(scope="module")
def made(running_server: Server) -> dict[str, Any]:
    """Return a pipeline made by the shared server, and keys that may read the trail: our own and another's."""
    keys = {
        org: json.loads(
            penstock(running_server.data_dir, "keys", "create", "--name", "a", "--org", org, *READS, "--json").stdout
        )["key"]
        for org in ("local", "globex")
    }
    usual = penstock(running_server.data_dir, "keys", "create", "--name", "usual", "--json").stdout
    keys["usual"] = json.loads(usual)["key"]
    return {"keys": keys, "pipeline": running_server.call("POST", GENERATE, BODY).json}


@pytest.fixture
def ended(data_dir: Path) -> Iterator[tuple[Server, dict[str, Any]]]:
    """Return a server that made one pipeline and was told to stop at once, with the pipeline."""
    server = Server(data_dir)
    pipeline = server.call("POST", GENERATE, BODY).json
    server.stop()
    yield server, pipeline
    shutil.rmtree(data_dir, ignore_errors=True)


def read(server: Server, path: str, key: str) -> Answer:
    return server.call("GET", path, key=key)


def until(look: Any) -> Any:
    """Look again until there is something."""
    end = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.2)  # a look is a request, and those are counted
    return found


def test_the_audit_log_is_read_newest_first_in_pages_and_gets_its_seals(running_server: Server, made: dict[str, Any]):
    key = made["keys"]["local"]

    def sealed() -> list[dict[str, Any]]:
        rows = read(running_server, "/api/v1/audit?limit=200", key).json["audit"]
        mine = [row for row in rows if row["pipeline_id"] == made["pipeline"]["pipeline_id"]]
        return mine if all(row["hash"] for row in mine) else []

    rows = until(sealed)
    assert [row["action"] for row in rows] == ["pipeline.settled", "pipeline.promised", "pipeline.claimed"]
    assert [row["after"] for row in rows] == ["active", "generated", "accepted"]
    first = read(running_server, "/api/v1/audit?limit=1", key).json
    second = read(running_server, f"/api/v1/audit?limit=1&before={first['next']}", key).json
    assert second["audit"][0]["audit_id"] < first["audit"][0]["audit_id"]


def test_what_was_used_is_read_by_day(running_server: Server, made: dict[str, Any]):
    totals = until(lambda: read(running_server, "/api/v1/usage", made["keys"]["local"]).json["totals"])
    assert totals["pipeline"]["events"] >= 1
    assert read(running_server, "/api/v1/usage?from=2020-01-01&to=2020-01-31", made["keys"]["local"]).json["days"] == []


def test_the_first_key_reads_what_it_did_and_cost(running_server: Server):
    for path in ("/api/v1/audit", "/api/v1/usage"):
        assert read(running_server, path, running_server.key).status == 200


def test_another_organisation_sees_nothing_of_it(running_server: Server, made: dict[str, Any]):
    key = made["keys"]["globex"]
    rows = read(running_server, "/api/v1/audit", key).json["audit"]
    assert {row["action"] for row in rows} <= {"key.created"}
    assert read(running_server, "/api/v1/usage", key).json["totals"] == {}


def test_a_key_without_the_scope_is_refused_and_the_refusal_is_in_the_audit_log(
    running_server: Server, made: dict[str, Any]
):
    for path in ("/api/v1/audit", "/api/v1/usage"):
        refused = read(running_server, path, made["keys"]["usual"])
        scope = "audit:read" if path.endswith("audit") else "usage:read"
        assert refused.status == 403
        assert f"penstock keys create --name NAME --scope {scope}" in refused.json["next"][0]

    def denials() -> list[dict[str, Any]]:
        rows = read(running_server, "/api/v1/audit?limit=200", made["keys"]["local"]).json["audit"]
        return [row for row in rows if row["action"] == "access.denied" and row["detail"]["scope"] == "usage:read"]

    assert until(denials)[0]["detail"]["count"] >= 1


@pytest.mark.parametrize(
    "query",
    ["audit?limit=0", "audit?limit=201", "audit?before=x", "audit?before=-1", "usage?from=2026-13-01", "usage?to=today",
     "usage?from=2026-02-02&to=2026-02-01", "usage?from=2020-01-01&to=2026-01-01"],
)  # fmt: skip
def test_a_page_or_a_day_that_cannot_be_used_is_told(running_server: Server, made: dict[str, Any], query: str):
    answer = read(running_server, f"/api/v1/{query}", made["keys"]["local"])
    assert answer.status == 422
    assert answer.json["fields"]


def test_a_usage_page_at_the_edge_of_time_is_no_failure(running_server: Server, made: dict[str, Any]):
    assert read(running_server, "/api/v1/usage?to=0001-01-02", made["keys"]["local"]).status in {200, 422}


def test_events_that_wait_when_a_server_stops_go_out_before_it_ends(ended: tuple[Server, dict[str, Any]]):
    server, pipeline = ended
    lines = (server.data_dir / "events" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["kind"] for event in events] == ["pipeline.promised", "pipeline.active"]
    assert {event["pipeline_id"] for event in events} == {pipeline["pipeline_id"]}


def test_a_whole_log_is_proven_and_a_changed_one_is_not(running_server: Server, made: dict[str, Any]):
    until(lambda: "audit_unsealed 0.0" in running_server.call("GET", "/metrics").text)
    proven = penstock(running_server.data_dir, "audit", "verify")
    assert (proven.returncode, proven.stderr) == (0, "")
    assert "✓ local" in proven.stdout
    told = json.loads(penstock(running_server.data_dir, "audit", "verify", "--org", "local", "--json").stdout)
    assert told["whole"] is True
    assert [chain["org_id"] for chain in told["chains"]] == ["local"]


def test_an_organisation_without_a_log_could_not_be_checked(running_server: Server):
    answer = penstock(running_server.data_dir, "audit", "verify", "--org", "nobody")
    assert answer.returncode == 2
    assert "no audit log of that organisation" in answer.stderr


def test_a_tampered_log_ends_the_command_with_one_and_names_the_row(data_dir: Path, new_database: Any):
    import asyncio

    import asyncpg

    from penstock.database.migrations import migrate

    dsn = new_database()
    asyncio.run(migrate(dsn))
    env = {"PENSTOCK_DATABASE__URL": dsn, "PENSTOCK_GATEWAY__PEPPER": "0" * 32}

    async def tamper() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "INSERT INTO audit_logs (org_id, principal_id, action, seal_no, previous_hash, hash)"
            " VALUES ('acme', 'ann', 'forged', 1, '', '\\x00')"
        )
        await connection.close()

    asyncio.run(tamper())
    answer = penstock(data_dir, "audit", "verify", **env)
    assert answer.returncode == 1
    assert (
        answer.stdout
        == "✗ acme  0 rows as they were sealed, then broken at row 1: its content is not what was sealed\n"
    )


def test_a_database_that_cannot_be_reached_is_no_proof_either_way(data_dir: Path):
    env = {"PENSTOCK_DATABASE__URL": "postgresql://127.0.0.1:1/x", "PENSTOCK_GATEWAY__PEPPER": "0" * 32}
    assert penstock(data_dir, "audit", "verify", **env).returncode == 2


@pytest.mark.parametrize(
    ("name", "value"), [("URL", "pubsub://acme"), ("URL", "kafka://x/y"), ("PUBSUB_EMULATOR", "localhost")]
)
def test_a_receiver_that_cannot_be_meant_stops_the_start(data_dir: Path, name: str, value: str):
    env = {"PENSTOCK_EVENTS__URL": "pubsub://acme/events", f"PENSTOCK_EVENTS__{name}": value}
    answer = penstock(data_dir, "serve", "--port", "0", **env)
    assert answer.returncode == 2
    assert f"PENSTOCK_EVENTS__{name}" in answer.stderr
