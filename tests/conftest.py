"""Real servers for every test that needs one: started once per run, a fresh database per test module."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fakes.claude_process import SimulatedClaude, simulated_claude
from fakes.github_process import SimulatedGitHub, simulated_github

from penstock.database import embedded_postgres
from penstock.database.embedded_postgres import EmbeddedPostgres
from penstock.database.migrations import migrate
from penstock.gateway import embedded_valkey


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Return a folder that servers may pass although root runs the tests: pytest's own is closed to others."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = embedded_postgres.start(servers_folder / "postgres")
    yield server
    server.close()


@pytest.fixture(scope="session")
def new_database(postgres_server: EmbeddedPostgres) -> Callable[[], str]:
    """Return a function that makes an empty database and gives its address."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex}"
        asyncio.run(_create(postgres_server.dsn, name))
        return urlsplit(postgres_server.dsn)._replace(path=f"/{name}").geturl()

    return make


async def _create(dsn: str, name: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def postgres_dsn(new_database: Callable[[], str]) -> str:
    """Return the address of a fresh database with the schema."""
    dsn = new_database()
    asyncio.run(migrate(dsn))
    return dsn


@pytest.fixture(scope="session")
def valkey_url(servers_folder: Path) -> Iterator[str]:
    """Return the address of a Valkey shared by all tests; each uses names of its own."""
    server = embedded_valkey.start(servers_folder / "valkey")
    yield server.url
    server.close()


@pytest.fixture(scope="session")
def running_claude() -> Iterator[SimulatedClaude]:
    with simulated_claude() as running:
        yield running


@pytest.fixture
def claude(running_claude: SimulatedClaude) -> SimulatedClaude:
    """Return the simulated Claude with no script and no calls; its process is shared by all tests of a run."""
    running_claude.reset()
    return running_claude


@pytest.fixture(scope="session")
def running_github() -> Iterator[SimulatedGitHub]:
    with simulated_github() as running:
        yield running


@pytest.fixture
def github(running_github: SimulatedGitHub) -> SimulatedGitHub:
    """Return the simulated GitHub with nothing in it; its process is shared by all tests of a run."""
    running_github.reset()
    return running_github
