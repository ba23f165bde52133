"""Two processes of the operating system that share one Valkey obey one breaker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from breaker_parts import LEASE_S, OPEN_S, new_model

from penstock.generation.ports import CLOSED, HALF_OPEN, OPEN

START = 1_770_000_000_000_000
SECOND = 1_000_000


class Process:
    """A process with a breaker: breaker_process.py."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running

    def does(self, command: str) -> dict[str, Any]:
        assert self.running.stdin
        assert self.running.stdout
        self.running.stdin.write(command + "\n")
        self.running.stdin.flush()
        answer: dict[str, Any] = json.loads(self.running.stdout.readline())
        return answer

    def fails(self, times: int) -> None:
        for _ in range(times):
            assert self.does("permit")["allowed"]
            self.does("report failure")


@contextmanager
def process(url: str, model: str) -> Iterator[Process]:
    program = Path(__file__).with_name("breaker_process.py")
    with subprocess.Popen(
        [sys.executable, str(program), url, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield Process(running)
        finally:
            running.kill()


@pytest.fixture
def pair(valkey_url: str) -> Iterator[tuple[Process, Process]]:
    """Return two processes with one breaker at one time."""
    model = new_model()
    with ExitStack() as stack:
        one, other = (stack.enter_context(process(valkey_url, model)) for _ in range(2))
        at(START, one, other)
        yield one, other


def at(moment: int, *processes: Process) -> None:
    for each in processes:
        each.does(f"now {moment}")


def test_what_one_process_opens_denies_the_other_and_both_together_have_one_probe(pair: tuple[Process, Process]):
    one, other = pair
    one.fails(3)
    other.fails(2)
    denied = [each.does("permit") for each in pair]
    assert [(each["allowed"], each["state"], each["source"]) for each in denied] == [(False, OPEN, "shared")] * 2
    assert (denied[0]["events"], denied[1]["events"]) == ([], ["breaker.opened"])

    at(START + OPEN_S * SECOND, *pair)
    asked = [each.does("permit") for each in (one, other, other)]
    assert [(each["allowed"], each["probe"], each["state"]) for each in asked] == [
        (True, True, HALF_OPEN), (False, False, HALF_OPEN), (False, False, HALF_OPEN),
    ]  # fmt: skip

    one.does("report success")
    assert other.does("permit")["probe"]
    closed = other.does("report success")
    assert (closed["state"], closed["events"]) == (CLOSED, ["breaker.opened", "breaker.closed"])
    assert [one.does("permit")["allowed"], other.does("permit")["allowed"]] == [True, True]


def test_a_killed_prober_holds_the_others_up_no_longer_than_its_lease(pair: tuple[Process, Process]):
    one, other = pair
    one.fails(5)
    half_open = START + OPEN_S * SECOND
    at(half_open, *pair)
    assert one.does("permit")["probe"]
    one.running.kill()
    one.running.wait()
    assert not other.does("permit")["allowed"]
    at(half_open + LEASE_S * SECOND - 1, other)
    assert not other.does("permit")["allowed"]
    at(half_open + LEASE_S * SECOND, other)
    again = other.does("permit")
    assert (again["probe"], again["expired"]) == (True, 1)


def test_a_late_failure_of_one_process_does_not_disturb_the_probe_of_the_other(pair: tuple[Process, Process]):
    one, other = pair
    one.does("permit")
    other.fails(5)
    at(START + OPEN_S * SECOND, *pair)
    assert other.does("permit")["probe"]
    assert one.does("report failure")["state"] == HALF_OPEN
    other.does("report success")
    other.does("permit")
    assert other.does("report success")["state"] == CLOSED
