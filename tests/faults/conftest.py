"""One server whose durations are a tenth of the specification's, before a simulated Claude. Its breaker is in Valkey."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

sys.path.insert(0, str(Path(__file__).parents[1] / "integration" / "server"))  # its server process
from fakes.claude_process import SimulatedClaude
from model_requests import ModelServer
from server_process import Server


@pytest.fixture(scope="session")
def model_environment(running_claude: SimulatedClaude, valkey_url: str) -> dict[str, str]:
    return {
        "PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE": "10000",
        "PENSTOCK_REDIS__URL": valkey_url,
        "PENSTOCK_MODEL__API_KEY": "sk-ant-simulated",
        "PENSTOCK_MODEL__BASE_URL": running_claude.url,
        "PENSTOCK_MODEL__FIRST_BYTE_S": "0.8",
        "PENSTOCK_MODEL__IDLE_S": "0.8",
        "PENSTOCK_MODEL__ATTEMPT_S": "3.0",
        "PENSTOCK_MODEL__BACKOFF_S": "[0.2, 0.4, 0.8]",
        "PENSTOCK_MODEL__LEAST_LEFT_S": "0.4",
        "PENSTOCK_MODEL__LEAST_LEFT_AFTER_TOTAL_S": "1.0",
        "PENSTOCK_DEADLINE__MODEL_S": "3.6",
        "PENSTOCK_DEADLINE__JUDGE_S": "3.8",
        "PENSTOCK_BREAKER__WINDOW_S": "6",
        "PENSTOCK_BREAKER__OPEN_S": "3",
        "PENSTOCK_BREAKER__PROBE_LEASE_S": "3.5",
    }


@pytest.fixture(scope="session")
def start(model_environment: dict[str, str]) -> Iterator[Callable[..., ModelServer]]:
    """Return what starts a server of that kind; all of them end with the session."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as somebody else, who must pass
        servers: list[Server] = []

        def started(name: str, *, key: str = "", **more: str) -> ModelServer:
            servers.append(Server(Path(folder) / name, **{**model_environment, **more}))
            servers[-1].key = servers[-1].key or key
            server = ModelServer(servers[-1])
            server.warm()
            return server

        yield started
        with ThreadPoolExecutor(4) as threads:  # each waits for its own services to end
            list(threads.map(Server.stop, servers))


@pytest.fixture(scope="session")
def shared_server(start: Callable[..., ModelServer]) -> ModelServer:
    return start("shared")


@pytest.fixture
def server(shared_server: ModelServer, claude: SimulatedClaude, valkey_url: str) -> ModelServer:
    """Return the shared server with a closed breaker before a Claude that has no script."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    claude.reset()
    return shared_server
