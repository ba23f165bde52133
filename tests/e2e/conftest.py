"""The command line as a person runs it: its own process, its own data folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PENSTOCK = Path(sys.executable).parent / "penstock"


@dataclass(frozen=True)
class CommandLine:
    """Runs penstock and gives back what a person sees."""

    data_dir: Path

    def run(self, *command: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
        return subprocess.run(
            [PENSTOCK, *map(str, command)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cwd,
            env={**environment, "PENSTOCK_DATA_DIR": str(self.data_dir), **env},
        )

    def run_into(self, target: str, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run it with a stdout that takes nothing: a device, or ``|``, a pipe whose reader is gone."""
        reader, writer = os.pipe() if target == "|" else (None, os.open(target, os.O_WRONLY))
        if reader is not None:
            os.close(reader)
        try:
            return subprocess.run(
                [PENSTOCK, *map(str, command)],
                check=False,
                stdout=writer,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                env={**os.environ, "PYTHONUNBUFFERED": ""},
            )
        finally:
            os.close(writer)

    def json(self, *command: str | Path) -> Any:
        done = self.run(*command, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def command_line() -> Iterator[CommandLine]:
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as somebody else, who may not pass pytest's own folders
        yield CommandLine(Path(folder) / "data")


@pytest.fixture
def example(tmp_path: Path):
    """Return a function that copies an example, so a test may write into it."""

    def copy(name: str) -> Path:
        ignored = shutil.ignore_patterns(
            "node_modules",
            "target",
            "deploy",
            "docs",
            "cloudbuild*.yaml",
            "clouddeploy.yaml",
            "Dockerfile",
            ".dockerignore",
        )
        return Path(shutil.copytree(ROOT / "examples" / name, tmp_path / name, ignore=ignored))

    return copy
