"""The server under another runner: uvicorn by itself."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from server_process import clean_environment


def runner(data_dir: Path, port: int, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "penstock.asgi:app", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=clean_environment(data_dir, **env),
    )  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_any_asgi_runner_can_start_the_server_and_end_it(data_dir: Path):
    port = free_port()
    process = runner(data_dir, port)
    assert process.stderr
    seen = ""
    while "Uvicorn running" not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=10) as answer:
        assert json.load(answer)["parts"] == {"database": "ok", "policies": "ok", "redis": "ok"}
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert "Traceback" not in seen + rest
    assert "Application shutdown complete" in rest


def test_what_stops_the_start_is_told_by_the_runner(data_dir: Path):
    _, told = runner(data_dir, free_port(), PENSTOCK_HTPP__PORT="1").communicate(timeout=30)
    assert "PENSTOCK_HTPP__PORT" in told
    assert "docs/settings.md" in told
