"""A short `make soak`: what it checks of promises, commits, events and secrets must hold; speed is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_a_short_soak_loses_nothing_and_commits_nothing_twice(tmp_path: Path):
    command = [sys.executable, str(SOAK), "--seconds", "12", "--seed", "4", "--untimed", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "second commits of a pipeline: 0" in done.stdout
    assert "acknowledged pipelines lost: 0" in done.stdout
