"""How the real server starts, shares its folder, and ends."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from server_process import BODY, GENERATE, Server, penstock

from penstock.database import embedded_postgres
from penstock.gateway import embedded_valkey
from penstock.gateway.key_format import new_key


def clean(done, code: int) -> str:
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_first_key_is_shown_once_and_works_after_a_restart(data_dir: Path):
    first = Server(data_dir)
    key = first.key
    assert key
    place = first.call("POST", GENERATE, BODY).headers["location"]
    assert first.stop() == 0
    second = Server(data_dir)
    try:
        assert second.key == ""
        assert "keys create" in second.said
        assert second.call("GET", place, key=key).status == 200
    finally:
        assert second.stop() == 0
    kept = [path for path in data_dir.rglob("*.key") if key[-49:] in path.read_text()]
    assert kept == []


def test_the_hundred_and_first_request_of_a_user_is_told_when_to_come_back(data_dir: Path):
    server = Server(data_dir)
    try:
        admitted = 0
        while (refused := server.call("GET", "/api/v1/pipelines")).status == 200:
            admitted += 1
        assert refused.status == 429
        assert 100 <= admitted <= 200  # exactly 100, had the minute not gone on meanwhile
        assert refused.json["error"] == "Rate limit exceeded"
        assert 1 <= int(refused.headers["retry-after"]) <= 62
        assert refused.headers["ratelimit-limit"] == "100"
        assert refused.headers["ratelimit-remaining"] == "0"
        made = penstock(data_dir, "keys", "create", "--name", "colleague", "--owner", "ben").stdout.strip()
        assert server.call("GET", "/api/v1/pipelines", key=made).status == 200
    finally:
        server.stop()


def test_keys_are_made_listed_and_revoked_beside_a_running_server(running_server: Server):
    server, data_dir = running_server, running_server.data_dir
    made = json.loads(clean(penstock(data_dir, "keys", "create", "--name", "ci", "--json"), 0))
    assert server.call("GET", "/api/v1/pipelines", key=made["key"]).status == 200
    listed = json.loads(clean(penstock(data_dir, "keys", "list", "--json"), 0))
    assert {"ci", "bootstrap"} <= {each["name"] for each in listed}
    assert made["key"][-49:] not in json.dumps(listed)
    clean(penstock(data_dir, "keys", "revoke", made["id"]), 0)
    assert server.call("GET", "/api/v1/pipelines", key=made["key"]).status == 401
    assert server.call("GET", "/api/v1/pipelines").status == 200
    assert "no key of that id" in clean(penstock(data_dir, "keys", "revoke", "nobody"), 2)
    assert "no scope" in clean(penstock(data_dir, "keys", "create", "--name", "x", "--scope", "*"), 2)


def test_a_taken_port_is_told_at_once_and_nothing_is_started(data_dir: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = clean(penstock(data_dir, "serve", "--port", str(port)), 2)
    assert f"Port {port} on 127.0.0.1 is in use." in words
    assert "--port" in words
    assert not data_dir.exists()


def test_a_second_server_on_the_same_folder_is_told_who_holds_it(running_server: Server):
    server, data_dir = running_server, running_server.data_dir
    words = clean(penstock(data_dir, "serve", "--port", "0"), 4)
    assert f"held by process {server.process.pid}" in words
    assert "--data-dir" in words
    assert server.call("GET", "/healthz/ready").status == 200


def test_a_folder_from_another_version_is_refused_and_left_alone(data_dir: Path):
    Server(data_dir).stop()
    (data_dir / "VERSION").write_text("postgresql 12 layout 0\n")
    before = sorted(path.name for path in data_dir.iterdir())
    words = clean(penstock(data_dir, "serve", "--port", "0"), 4)
    assert "another version" in words
    assert sorted(path.name for path in data_dir.iterdir()) == before


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path):
    (tmp_path / "data").write_text("not a folder")
    words = clean(penstock(tmp_path / "data", "serve", "--port", "0"), 4)
    assert str(tmp_path / "data") in words
    assert "->" in words


def test_a_database_of_ones_own_needs_a_pepper_of_ones_own(data_dir: Path):
    url = "postgresql://penstock:hunter2secret@db.invalid/penstock"
    words = clean(penstock(data_dir, "serve", "--port", "0", PENSTOCK_DATABASE__URL=url), 2)
    assert "PENSTOCK_GATEWAY__PEPPER" in words
    assert "hunter2secret" not in words
    short = clean(penstock(data_dir, "keys", "list", PENSTOCK_GATEWAY__PEPPER="short"), 2)
    assert "at least 16" in short


def test_a_database_that_cannot_be_reached_is_told_without_its_password(data_dir: Path):
    env = {
        "PENSTOCK_DATABASE__URL": "postgresql://penstock:hunter2secret@127.0.0.1:1/penstock",
        "PENSTOCK_GATEWAY__PEPPER": "0123456789abcdef0123456789abcdef",
    }
    done = penstock(data_dir, "keys", "list", **env)
    assert done.returncode != 0
    words = clean(done, done.returncode)
    assert "->" in words
    assert "hunter2secret" not in words


def test_with_services_of_ones_own_the_server_starts_none_and_prints_no_key(data_dir: Path):
    postgres, valkey = embedded_postgres.start(data_dir / "own"), embedded_valkey.start(data_dir / "own")
    env = {
        "PENSTOCK_DATABASE__URL": postgres.dsn,
        "PENSTOCK_REDIS__URL": valkey.url,
        "PENSTOCK_GATEWAY__PEPPER": "0123456789abcdef0123456789abcdef",
    }
    servers = [Server(data_dir, **env), Server(data_dir.with_name("other"), **env)]
    try:
        assert [each.key for each in servers] == ["", ""]
        assert [each.services() for each in servers] == [set(), set()]
        made = json.loads(clean(penstock(data_dir, "keys", "create", "--name", "ci", "--json", **env), 0))
        answers = [each.call("GET", "/api/v1/pipelines", key=made["key"]) for each in servers]
        assert [each.status for each in answers] == [200, 200]
        clean(penstock(data_dir.with_name("third"), "keys", "revoke", made["id"], **env), 0)
        answers = [each.call("GET", "/api/v1/pipelines", key=made["key"]) for each in servers]
        assert [each.status for each in answers] == [401, 401]
    finally:
        assert [each.stop() for each in servers] == [0, 0]
        valkey.close()
        postgres.close()


def test_without_redis_the_server_goes_on_and_without_its_database_it_says_so(data_dir: Path):
    postgres, valkey = embedded_postgres.start(data_dir / "own"), embedded_valkey.start(data_dir / "own")
    env = {
        "PENSTOCK_DATABASE__URL": postgres.dsn,
        "PENSTOCK_REDIS__URL": valkey.url,
        "PENSTOCK_GATEWAY__PEPPER": "0123456789abcdef0123456789abcdef",
    }
    server = Server(data_dir, **env)
    try:
        key = json.loads(clean(penstock(data_dir, "keys", "create", "--name", "ci", "--json", **env), 0))["key"]
        assert server.call("GET", "/api/v1/pipelines", key=key).status == 200
        valkey.close()
        assert server.call("POST", GENERATE, BODY, key=key).status == 201
        assert 'limiter_mode{mode="local"} 1.0' in server.call("GET", "/metrics").text
        postgres.close()
        refused = server.call("POST", GENERATE, BODY, key=key)
        assert (refused.status, refused.json["error"]) == (500, "Database error")
        assert refused.json["trace_id"]
        stranger = server.call("GET", "/api/v1/pipelines", key=new_key().plain)
        assert stranger.status == 503
        assert stranger.json["type"].endswith("#auth-unavailable")
        ready = server.call("GET", "/healthz/ready")
        assert (ready.status, ready.json["missing"], ready.json["degraded"]) == (503, ["database"], ["redis"])
        assert server.call("GET", "/healthz/live").status == 200
    finally:
        assert server.stop() == 0
        valkey.close()
        postgres.close()


def test_the_command_line_records_beside_a_running_server(running_server: Server, tmp_path: Path):
    server, data_dir = running_server, running_server.data_dir
    (tmp_path / "package.json").write_text(BODY["service_context"]["files"]["package.json"])
    (tmp_path / "package-lock.json").write_text(BODY["service_context"]["files"]["package-lock.json"])
    done = penstock(data_dir, "generate", "Create a pipeline", "--repo", str(tmp_path), "--json")
    made = json.loads(clean(done, 0))
    assert server.call("GET", f"/api/v1/pipelines/{made['pipeline_id']}").json["status"] == "active"


def test_killed_outright_the_server_leaves_no_process_behind_and_starts_again(data_dir: Path):
    server = Server(data_dir)
    key, children = server.key, server.children()
    assert len(children) >= 2
    with ExitStack() as opened:
        watched = [opened.enter_context(closing_pidfd(pid)) for pid in children]
        server.stop(signal.SIGKILL)
        assert all(_ends(handle) for handle in watched)
    again = Server(data_dir)
    try:
        assert again.call("GET", "/api/v1/pipelines", key=key).status == 200
    finally:
        assert again.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_the_server_finishes_its_work_and_exits_well(data_dir: Path, how: signal.Signals):
    server = Server(data_dir)
    answers: list[int] = []

    def work() -> None:
        try:
            answers.append(server.call("POST", GENERATE, BODY).status)
        except OSError:  # came when nobody listened any more
            answers.append(0)

    workers = [threading.Thread(target=work) for _ in range(4)]
    server.call("GET", "/healthz/ready")
    for worker in workers:
        worker.start()
    while "generations_in_flight 0" in server.call("GET", "/metrics").text and not answers:
        pass
    code = server.stop(how)
    for worker in workers:
        worker.join(30)
    assert code == 0
    assert answers.count(201) >= 1
    events = [line["event"] for line in server.log()]
    assert "server.stopping" in events


def test_the_doctor_finds_every_part_well_alone_and_beside_a_server(data_dir: Path, running_server: Server):
    for folder in (data_dir, running_server.data_dir):
        found = json.loads(clean(penstock(folder, "doctor", "--json"), 0))
        assert {each["part"] for each in found} >= {"database", "redis", "policies", "skills", "data folder"}
        assert all(each["well"] for each in found)


def test_the_doctor_says_what_is_wrong_and_what_to_do(data_dir: Path):
    done = penstock(data_dir, "doctor", PENSTOCK_REDIS__URL="redis://127.0.0.1:1/0")
    words = clean(done, 4)
    (line,) = [line for line in words.splitlines() if "redis" in line]
    assert "✗" in line
    assert "-> Check PENSTOCK_REDIS__URL" in line


@contextmanager
def closing_pidfd(pid: int) -> Iterator[int]:
    """Hold on to a process, so that its end can be waited for."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _parent_and_name(pid: int) -> tuple[int, str]:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1]), stat[stat.index("(") + 1 : stat.rindex(")")]


def _ends(handle: int) -> bool:
    ready, _, _ = select.select([handle], [], [], 15)
    return bool(ready)
