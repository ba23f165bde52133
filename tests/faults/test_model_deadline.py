"""One run with the specification's own durations (`make test-deadline`): however the model hangs, 45.5 s are enough."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes import claude_actions as does
from fakes.claude_process import SimulatedClaude
from model_requests import LONGEST_S, SCALE, ModelServer, said
from server_process import GENERATE, Server

pytestmark = pytest.mark.skipif(not os.environ.get("REAL_TIME"), reason="takes half a minute: make test-deadline")


@pytest.fixture(scope="module")
def patient_server(running_claude: SimulatedClaude) -> Iterator[ModelServer]:
    with tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        Path(folder).chmod(0o711)  # root's PostgreSQL runs as somebody else, who must pass
        claude = {"PENSTOCK_MODEL__API_KEY": "sk-ant-simulated", "PENSTOCK_MODEL__BASE_URL": running_claude.url}
        server = ModelServer(Server(Path(folder) / "data", **claude))
        server.warm()
        yield server
        server.server.stop()


def asked(server: ModelServer, intent: str, fallback: str) -> tuple[int, dict[str, Any], float]:
    """Return status, document and seconds."""
    request = urllib.request.Request(  # noqa: S310 -- our own address
        server.server.url + GENERATE,
        json.dumps(server.body(intent, fallback=fallback)).encode(),
        {"Authorization": f"Bearer {server.server.key}", "Content-Type": "application/json"},
    )
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 -- as above
            return answer.status, json.loads(answer.read()), time.monotonic() - begun
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, json.loads(answer.read()), time.monotonic() - begun


def test_a_silent_and_a_dripping_model_cost_less_than_the_bound(patient_server: ModelServer, claude: SimulatedClaude):
    claude.script(then=[does.silent(match="silent"), does.dripping(said(), 5.0, match="dripping")])
    wishes = [("silent", "never"), ("dripping", "never"), ("silent", "on_any_failure")]
    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(asked, patient_server, f"Create a pipeline, {kind}", how) for kind, how in wishes]
        answers = [each.result() for each in work]
    for (kind, how), (status, _, seconds) in zip(wishes, answers, strict=True):
        sys.stdout.write(f"{kind}, fallback {how}: {status} after {seconds:.1f} s\n")
    assert [status for status, _, _ in answers] == [503, 503, 201]
    assert [answers[0][1]["reason"], answers[1][1]["reason"]] == ["first_byte", "total"]
    assert answers[2][1]["degraded"]
    assert max(seconds for _, _, seconds in answers) < SCALE * LONGEST_S
