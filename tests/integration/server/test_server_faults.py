"""What the real server does when something of its surroundings fails."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

from server_process import Server, penstock


def _child(server: Server, name: str) -> int:
    found = [pid for pid in server.children() if Path(f"/proc/{pid}/cmdline").read_bytes().find(name.encode()) >= 0]
    return min(found)


def test_the_server_ends_when_its_database_dies(data_dir: Path):
    server = Server(data_dir)
    os.kill(_child(server, "bin/postgres"), signal.SIGKILL)
    assert server.process.wait(30) == 1
    assert "database.died" in {line["event"] for line in server.log()}
    server.stop()


def test_the_server_goes_on_when_its_valkey_dies(data_dir: Path):
    server = Server(data_dir)
    try:
        os.kill(_child(server, "valkey"), signal.SIGKILL)
        assert server.call("GET", "/api/v1/pipelines").status == 200
    finally:
        assert server.stop() == 0
    assert "redis.died" in {line["event"] for line in server.log()}


def test_a_folder_of_other_files_is_refused_and_left_as_it_was(data_dir: Path):
    data_dir.mkdir(mode=0o750)
    (data_dir / "letter.txt").write_text("x")
    mode = data_dir.stat().st_mode
    done = penstock(data_dir, "serve", "--port", "0")
    assert done.returncode != 0
    assert "other files" in done.stderr
    assert [each.name for each in data_dir.iterdir()] == ["letter.txt"]
    assert data_dir.stat().st_mode == mode


def test_a_lost_pepper_is_told_and_not_made_anew(data_dir: Path):
    assert Server(data_dir).stop() == 0
    (data_dir / "pepper.key").unlink()
    done = penstock(data_dir, "serve", "--port", "0")
    assert done.returncode == 2
    assert "pepper.key is missing" in re.sub(r"\s+", " ", done.stderr)
    assert not (data_dir / "pepper.key").exists()


def test_a_trailer_is_no_header(running_server: Server):
    host, _, port = running_server.url.removeprefix("http://").partition(":")
    request = (
        "POST /api/v1/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        "Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n"
        f"Authorization: Bearer {running_server.key}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as client:
        client.sendall(request.encode())
        assert b" 401 " in client.makefile("rb").readline()
