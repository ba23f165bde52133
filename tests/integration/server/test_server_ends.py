"""How the real server ends, or goes on, when threads are busy or nobody reads what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from server_process import BODY, GENERATE, PENSTOCK, Server, clean_environment, penstock
from test_asgi import free_port

BUSY = """
import asyncio, threading
from penstock.bootstrap.opener import FromSettings

async def main():
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    threading.Thread(target=threading.Event().wait).start()
    await FromSettings().serve(host=None, port=0, data_dir=None)

asyncio.run(main())
"""
"""A server in whose process two threads wait for what never happens: nothing can stop them from outside."""

BUFFERED = {"PYTHONUNBUFFERED": ""}
"""Streams as people have them: what a closed one did not take is still held when the process ends."""


def test_threads_that_never_end_do_not_keep_the_server(data_dir: Path):
    server = Server(data_dir, (sys.executable, "-c", BUSY))
    children = server.children()
    assert server.call("POST", GENERATE, BODY).status == 201
    assert server.stop() == 0  # waits far longer than the drain, and the threads wait for ever
    assert len(children) >= 2
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    again = Server(data_dir)
    assert again.stop() == 0


def test_a_log_nobody_reads_any_more_neither_stops_nor_spoils_the_server(data_dir: Path):
    server = Server(data_dir, stderr=subprocess.PIPE, **BUFFERED)
    assert server.process.stdout
    assert server.process.stderr
    server.process.stdout.close()
    server.process.stderr.close()
    for _ in range(100):  # more than a buffer of log lines
        assert server.call("GET", "/api/v1/nothing").status == 404
    assert server.call("POST", GENERATE, BODY).status == 201
    assert server.stop() == 0
    assert Server(data_dir).stop() == 0


def test_a_server_whose_welcome_nobody_reads_serves(data_dir: Path):
    reader, writer = os.pipe()
    os.close(reader)
    port = free_port()
    with os.fdopen(writer, "wb") as unread:
        process = subprocess.Popen(
            [PENSTOCK, "serve", "--port", str(port)],
            stdout=unread,
            stderr=unread,
            env=clean_environment(data_dir, **BUFFERED),
        )
    url = f"http://127.0.0.1:{port}/healthz/live"
    answer = None
    while answer is None and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                answer = reply.status
        except OSError:  # it does not listen yet
            continue
    assert answer == 200
    made = penstock(data_dir, "keys", "create", "--name", "after")
    assert made.stdout.startswith("pst_live_")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_an_empty_folder_closed_to_others_is_used(data_dir: Path):
    data_dir.mkdir(mode=0o700)
    server = Server(data_dir)
    assert server.call("POST", GENERATE, BODY).status == 201
    assert server.stop() == 0
    assert (data_dir / "VERSION").exists()
    assert not data_dir.stat().st_mode & 0o066  # others may pass through at most, and see nothing
