"""A real PostgreSQL and a real Valkey for the gateway's tests."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.database import embedded_postgres
from penstock.database.migrations import migrate
from penstock.gateway import embedded_valkey
from penstock.gateway.embedded_valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """Return a folder that servers run by root's tests may pass, as pytest's own may not."""
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(open_folder: Path) -> Iterator[str]:
    """Return the address of a database with the schema."""
    server = embedded_postgres.start(open_folder / "postgres")
    asyncio.run(migrate(server.dsn))
    yield server.dsn
    server.close()


@pytest.fixture(scope="session")
def valkey_of_all(open_folder: Path) -> Iterator[EmbeddedValkey]:
    server = embedded_valkey.start(open_folder / "valkey")
    yield server
    server.close()


@pytest.fixture
def valkey(valkey_of_all: EmbeddedValkey) -> str:
    """Return the address of a Valkey shared by the tests; each uses names of its own."""
    return valkey_of_all.url


@pytest.fixture
def own_valkey(open_folder: Path) -> Iterator[EmbeddedValkey]:
    """Return a Valkey that the test may stop."""
    server = embedded_valkey.start(open_folder / uuid.uuid4().hex[:8])
    yield server
    server.close()
