from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import Server


@pytest.fixture(scope="session")
def running_server() -> Iterator[Server]:
    """Return a server shared by tests that only talk to it."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as somebody else, who must pass
        server = Server(Path(folder) / "data", PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE="10000")
        yield server
        server.stop()


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Return a data folder of the test's own."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "data"
