"""Rows 2, 19 and 59 of the fault matrix (BEHAVIOUR.md §5): parts that are away, and pools that do not fit, at the start."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from database_parts import PEPPER
from fakes.tcp_proxy import tcp_proxy, through
from server_process import BODY, GENERATE, PENSTOCK, Server, clean_environment, penstock
from test_asgi import free_port

from penstock.gateway.key_format import new_key


def ask(port: int, path: str, body: object = None) -> tuple[int, Any]:
    """Return status and document, whoever answers at the port."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=content)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, json.load(answer)


def test_row_59_a_database_that_is_away_at_the_start_is_waited_for(
    new_database: Callable[[], str], valkey_url: str, tmp_path: Path
):
    dsn, port = new_database(), free_port()
    with tcp_proxy(dsn) as wire:
        wire.refuse()
        env = {**PEPPER, "PENSTOCK_DATABASE__URL": through(wire, dsn), "PENSTOCK_REDIS__URL": valkey_url}
        process = subprocess.Popen(
            [PENSTOCK, "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(tmp_path / "data", PENSTOCK_DATABASE__POOLER="true", **env),
        )
        assert process.stderr
        assert process.stdout
        assert json.loads(process.stderr.readline())["event"] == "database.awaited"
        live, (status, ready) = ask(port, "/healthz/live"), ask(port, "/healthz/ready")
        refused, told = ask(port, GENERATE, BODY)
        assert live == (200, {"status": "ok"})
        assert (status, ready["status"], ready["missing"]) == (503, "unready", ["database"])
        assert (refused, told["error"], told["retryable"]) == (500, "Database error", True)
        assert told["trace_id"]
        wire.heal()
        assert "listens on" in process.stdout.readline()
        assert ask(port, "/healthz/ready")[0] == 200
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_a_server_that_waits_for_its_database_ends_when_it_is_told_to(tmp_path: Path):
    env = {**PEPPER, "PENSTOCK_DATABASE__URL": "postgresql://penstock:hunter2secret@127.0.0.1:1/penstock"}
    process = subprocess.Popen(
        [PENSTOCK, "serve", "--port", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean_environment(tmp_path / "data", **env),
    )  # fmt: skip
    assert process.stderr
    first = process.stderr.readline()
    process.terminate()
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "database.awaited" in first
    assert "hunter2secret" not in first + rest


def test_what_no_waiting_mends_ends_the_start(new_database: Callable[[], str], tmp_path: Path):
    dsn = new_database().replace("/test_", "/no_")
    done = penstock(tmp_path / "data", "serve", "--port", "0", PENSTOCK_DATABASE__URL=dsn, **PEPPER)
    assert done.returncode == 4
    assert "there is no database of that name" in done.stderr


@pytest.mark.parametrize(("set_to", "fits"), [({}, 56), ({"PENSTOCK_DATABASE__MAX_CONNECTIONS": "100"}, 46)])
def test_row_19_pools_that_could_use_up_the_database_stop_the_start(
    new_database: Callable[[], str], tmp_path: Path, set_to: dict[str, str], fits: int
):
    env = {**PEPPER, "PENSTOCK_DATABASE__URL": new_database(), "PENSTOCK_DATABASE__POOL_MAX": str(fits + 1), **set_to}
    done = penstock(tmp_path / "data", "serve", "--port", "0", **env)
    words = re.sub(r"\s+", " ", done.stderr)
    assert done.returncode == 2
    assert "listens on" not in done.stdout
    assert f"Set PENSTOCK_DATABASE__POOL_MAX to {fits} or less" in words
    assert "PENSTOCK_DATABASE__POOLER=true" in words
    server = Server(tmp_path / "data", **{**env, "PENSTOCK_DATABASE__POOL_MAX": str(fits)})
    assert server.stop() == 0


def test_row_2_with_redis_and_database_away_nobody_is_let_in_and_nobody_is_called_a_stranger(
    new_database: Callable[[], str], valkey_url: str, tmp_path: Path
):
    dsn = new_database()
    with tcp_proxy(dsn) as database, tcp_proxy(valkey_url) as redis:
        env = {
            **PEPPER,
            "PENSTOCK_DATABASE__URL": through(database, dsn),
            "PENSTOCK_DATABASE__POOLER": "true",
            "PENSTOCK_REDIS__URL": through(redis, valkey_url),
            "PENSTOCK_GATEWAY__KEY_CACHE_S": "0.01",
        }
        made = penstock(tmp_path / "data", "keys", "create", "--name", uuid.uuid4().hex, "--json", **env)
        server = Server(tmp_path / "data", **env)
        try:
            server.key = json.loads(made.stdout)["key"]
            assert server.call("GET", "/api/v1/pipelines").status == 200
            database.refuse()
            redis.refuse()
            for key in (server.key, new_key().plain):
                answer = server.call("POST", GENERATE, BODY, key=key)
                assert (answer.status, answer.json["type"]) == (503, "/docs/errors#auth-unavailable")
            assert server.call("GET", "/healthz/live", key="").status == 200
        finally:
            server.stop()
