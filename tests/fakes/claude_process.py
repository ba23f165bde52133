"""The simulated Claude for tests: start it, script it, read what it received.

    def test_...(claude: SimulatedClaude):
        claude.script(overloaded(), answer({"region": "europe-west1"}))
        ...  # let Penstock call claude.url
        assert "sk-secret" not in claude.wire()

The actions stand in `fakes/claude_actions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fakes.own_process import TESTS, Call, OwnProcess

__all__ = ["TESTS", "Call", "SimulatedClaude", "simulated_claude"]


class SimulatedClaude(OwnProcess):
    """One running process; a reset forgets its prompt cache too."""

    def __init__(self) -> None:
        super().__init__("fakes.claude")
        self.vertex_url = f"{self.url}/v1"


@contextmanager
def simulated_claude() -> Iterator[SimulatedClaude]:
    """Run a process of one's own, for tests that kill or stop it."""
    running = SimulatedClaude()
    try:
        yield running
    finally:
        running.close()
