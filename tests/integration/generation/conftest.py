"""A Valkey of a test's own, which it may stop, fill or make read-only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.gateway import embedded_valkey
from penstock.gateway.embedded_valkey import EmbeddedValkey


@pytest.fixture
def own_valkey(servers_folder: Path) -> Iterator[EmbeddedValkey]:
    server = embedded_valkey.start(servers_folder / uuid.uuid4().hex[:8])
    yield server
    server.close()
