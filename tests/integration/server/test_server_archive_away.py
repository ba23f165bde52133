"""Row 85 at the door: a bucket that fails costs no request; what it is owed is kept in the record."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.gcs_process import SimulatedStorage, error, simulated_storage
from server_process import BODY, GENERATE, Server


@pytest.fixture(scope="module")
def gcs() -> Iterator[SimulatedStorage]:
    with simulated_storage() as storage:
        yield storage


@pytest.fixture(scope="module")
def server(gcs: SimulatedStorage) -> Iterator[Server]:
    """Return a server whose archive is the simulated bucket, found by the environment as Google's would be."""
    account = json.loads(gcs.options["service_account_key"])
    env = {
        "PENSTOCK_ARCHIVE__URL": gcs.address,
        "GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account),
        "GOOGLE_ALLOW_HTTP": "true",
    }
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)
        running = Server(Path(folder) / "data", **env)
        yield running
        running.stop()


def generated(server: Server) -> tuple[int, dict[str, Any]]:
    made = server.call("POST", GENERATE, BODY)
    return made.status, server.call("GET", f"/api/v1/pipelines/{made.json['pipeline_id']}").json


def test_a_pipeline_is_stored_in_the_bucket_with_its_manifest_last(server: Server, gcs: SimulatedStorage):
    gcs.reset()
    status, record = generated(server)
    assert (status, record["status"], record["audit_state"]) == (201, "active", "stored")
    assert gcs.written()[-1] == f"copies/{record['pipeline_id']}/manifest.json"


def test_a_bucket_that_refuses_everything_costs_no_request(server: Server, gcs: SimulatedStorage):
    gcs.reset()
    gcs.script(then=error("", 403))
    status, record = generated(server)
    assert (status, record["status"], record["audit_state"]) == (201, "active", "pending")
    assert gcs.objects() == {}
