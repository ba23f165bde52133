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
        assert json.load(answer)["parts"] == {"archive": "ok", "database": "ok", "policies": "ok", "redis": "ok"}
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=30)
    assert "Traceback" not in seen + rest
    assert "Application shutdown complete" in rest


def failed_start(data_dir: Path, **env: str) -> str:
    """Start it, and return what the runner told, once it has ended by itself and with an exit code."""
    process = runner(data_dir, free_port(), **env)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 3, told  # uvicorn's: the application did not start
    assert "Traceback" not in told
    assert "Uvicorn running" not in told
    return told


def test_what_stops_the_start_is_told_by_the_runner(data_dir: Path):
    told = failed_start(data_dir, PENSTOCK_HTPP__PORT="1")
    assert "PENSTOCK_HTPP__PORT" in told
    assert "-> Compare the names with docs/settings.md." in told


def test_a_folder_of_other_files_stops_the_runner_too(data_dir: Path):
    data_dir.mkdir()
    (data_dir / "letter.txt").write_text("x")
    told = failed_start(data_dir)
    assert f"{data_dir} holds other files" in told
    assert "-> Choose another folder" in told
    assert [each.name for each in data_dir.iterdir()] == ["letter.txt"]
