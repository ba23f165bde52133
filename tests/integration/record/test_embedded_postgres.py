from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import asyncpg
import pytest
from record_parts import Tables, run

from penstock.database import embedded_postgres
from penstock.database.embedded_postgres import start
from penstock.errors import DataDirUnusable

PARENT = """
import sys, time
from pathlib import Path
from penstock.database.embedded_postgres import start
server = start(Path(sys.argv[1]))
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(servers_folder: Path) -> Path:
    return servers_folder / uuid.uuid4().hex[:8]


def test_what_was_committed_is_there_after_a_restart(folder: Path):
    server = start(folder)
    run(Tables(server.dsn).fetch("CREATE TABLE kept AS SELECT 7 AS seven"))
    server.close()
    again = start(folder)
    try:
        assert run(Tables(again.dsn).fetch("SELECT seven FROM kept"))[0][0] == 7
    finally:
        again.close()


def test_it_listens_on_no_network(folder: Path):
    server = start(folder)
    try:
        (row,) = run(Tables(server.dsn).fetch("SHOW listen_addresses"))
        assert row[0] == ""
    finally:
        server.close()
    with pytest.raises(OSError, match="No such file"):
        run(asyncpg.connect(server.dsn))


def test_a_second_penstock_uses_the_server_of_the_first_and_does_not_stop_it(folder: Path):
    first = start(folder)
    try:
        second = start(folder)
        assert (second.owned, second.dsn) == (False, first.dsn)
        second.close()
        assert run(Tables(first.dsn).fetch("SELECT 1"))[0][0] == 1
    finally:
        first.close()


def test_a_folder_that_is_in_use_is_told_with_its_holder(folder: Path):
    first = start(folder)
    try:
        with pytest.raises(DataDirUnusable, match=f"held by process {os.getpid()}: it is in use") as told:
            start(folder, attach=False)
        assert any("--data-dir" in step for step in told.value.steps)
    finally:
        first.close()


def test_a_folder_of_another_version_is_refused_and_left_as_it_was(folder: Path):
    start(folder).close()
    (folder / "VERSION").write_text("postgresql 17 layout 1\n")
    before = sorted(path.name for path in folder.rglob("*"))
    with pytest.raises(DataDirUnusable, match=r"of another version \(postgresql 17 layout 1;") as told:
        start(folder)
    assert any("Penstock that made it" in step for step in told.value.steps)
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_killed_penstock_leaves_no_server_behind(folder: Path):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        watch = os.pidfd_open(server)
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        _wait_for_end(watch)
    finally:
        parent.kill()
        parent.wait(10)
        if parent.stdout:
            parent.stdout.close()
    again = start(folder)
    assert again.owned
    again.close()


def _wait_for_end(watch: int) -> None:
    import select

    try:
        ready, _, _ = select.select([watch], [], [], 10)
        assert ready, "the server outlived its parent by 10 s"
    finally:
        os.close(watch)


def test_a_folder_that_cannot_be_made_is_told(servers_folder: Path):
    (servers_folder / "a-file").write_text("")
    with pytest.raises(DataDirUnusable, match="cannot be used") as told:
        start(servers_folder / "a-file" / "below")
    assert any("--data-dir" in step for step in told.value.steps)


def test_a_half_made_cluster_is_not_taken_for_whole(folder: Path):
    folder.mkdir(mode=0o711)
    (folder / "initdb-left" / "cluster").mkdir(parents=True)
    server = start(folder)
    try:
        assert not (folder / "initdb-left").exists()
        assert run(Tables(server.dsn).fetch("SELECT 1"))[0][0] == 1
    finally:
        server.close()


def test_its_log_has_no_statement_in_it(folder: Path):
    server = start(folder)
    try:
        with pytest.raises(asyncpg.PostgresError):
            run(Tables(server.dsn).fetch("SELECT 'hunter2' FROM nothing"))
    finally:
        server.close()
    assert "hunter2" not in (folder / "postgres.log").read_text()


def test_the_socket_is_for_the_servers_user_only(folder: Path):
    server = start(folder)
    try:
        door = folder / "run" / ".s.PGSQL.5432"
        assert (folder / "run").stat().st_mode & 0o077 == 0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(door))
    finally:
        server.close()
    assert embedded_postgres.LAYOUT == "1"
