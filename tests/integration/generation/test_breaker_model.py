"""Any order of events and times, with callers that come late or never, against a model.

The script in a real Valkey and the breaker of one process must say what the model says. `make test-breaker` takes many
more steps and prints what was met.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pytest
from breaker_model import Era, ExpectedBreaker, Said
from breaker_parts import LIMITS, PATIENT_S, new_model
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from penstock.generation.breaker_rules import BreakerView, Ruling
from penstock.generation.local_breaker import LocalBreaker
from penstock.generation.ports import Outcome
from penstock.generation.redis_breaker import RedisBreaker

STEPS = int(os.environ.get("BREAKER_STEPS", "3000"))
LONG = "BREAKER_STEPS" in os.environ
PER_RUN = 50
START = 1_770_000_000_000_000
"""Microseconds since 1970 in the shared breaker's time; the local one begins at zero."""
SECOND = 1_000_000
NUMBERS = {"closed": 0, "open": 1, "half open": 2}
OUTCOMES = st.sampled_from(["success"] * 3 + ["failure"] * 3 + ["neutral"])
PROBE_OUTCOMES = st.sampled_from(["success"] * 5 + ["failure"] * 2 + ["neutral"])
GAPS = st.one_of(
    st.integers(0, SECOND), st.integers(0, 15 * SECOND), st.sampled_from([SECOND, 12 * SECOND, 15 * SECOND])
)
LEAST = {
    "closed -> open": 200,
    "open -> half open": 200,
    "half open -> closed": 500,
    "half open -> open": 400,
    "late results": 500,
    "expired probes": 500,
    "clock set back": 100,
    "failures in the future": 500,
}
"""What must be met once in so many steps, or the comparison is half blind."""


@dataclass
class Ticking:
    """The local breaker's clock."""

    now: int = 0

    def monotonic(self) -> float:
        return self.now / SECOND


@dataclass
class Met:
    """What a whole test met, so that it can be seen not to be blind."""

    compared: int = 0
    counted: Counter[str] = field(default_factory=Counter)


class BreakerMachine(RuleBasedStateMachine):
    """Lets three breakers live through the same and compares all they say and keep."""

    url: ClassVar[str]
    met: ClassVar[Met]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = Ticking()
        self.shared = RedisBreaker(
            self.url, new_model(), LIMITS, timeout_s=PATIENT_S, now_us=lambda: START + self.clock.now
        )
        self.local = LocalBreaker(LIMITS, self.clock)  # type: ignore[arg-type]  # it asks for no more
        self.model = ExpectedBreaker()
        self.out: list[tuple[int, str | None]] = []
        self.back: list[tuple[int, str | None]] = []

    def teardown(self) -> None:
        self.met.counted.update(f"{before} -> {after}" for before, after in self.model.changes)
        try:
            self._gets_well()
        finally:
            self.runner.run(self.shared.close())
            self.runner.close()

    @rule()
    def ask(self) -> None:
        self._ask()

    @rule(times=st.sampled_from([1, 2, 3, 4, 5]), gap=GAPS)
    def fail_in_a_row(self, times: int, gap: int) -> None:
        for _ in range(times):
            if permit := self._ask():
                self._tell(self._taken(permit), "failure")
            self.clock.now += gap

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 20), outcome=OUTCOMES)
    def come_back(self, which: int, outcome: Outcome) -> None:
        self._tell(self.out.pop(which % len(self.out)), outcome)

    @precondition(lambda self: any(name for _, name in self.out))
    @rule(outcome=PROBE_OUTCOMES)
    def newest_probe_comes_back(self, outcome: Outcome) -> None:
        self._tell(self._taken(next(each for each in reversed(self.out) if each[1])), outcome)

    @precondition(lambda self: self.back)
    @rule(which=st.integers(0, 20), outcome=OUTCOMES)
    def come_back_twice(self, which: int, outcome: Outcome) -> None:
        self._tell(self.back[which % len(self.back)], outcome)

    @precondition(lambda self: self.out)
    @rule()
    def die(self) -> None:
        self.out.pop()
        self.met.counted["dead callers"] += 1

    @rule(gap=GAPS)
    def wait(self, gap: int) -> None:
        self.clock.now += gap

    @rule(around=st.sampled_from([-1, 0, 1]))
    def wait_until_something_is_due(self, around: int) -> None:
        due = _due(self.model.era)
        if due is not None and due + around > self.clock.now:
            self.clock.now = due + around

    @precondition(lambda self: self.model.era.name != "closed")
    @rule(outcomes=st.lists(st.one_of(PROBE_OUTCOMES, st.just("dead")), min_size=1, max_size=3))
    def try_it_out(self, outcomes: list[Outcome | Literal["dead"]]) -> None:
        for outcome in outcomes:
            self.wait_until_something_is_due(0)
            permit = self._ask()
            if permit and self._taken(permit) and outcome != "dead":
                self._tell(permit, outcome)

    @rule(gap=st.integers(1, 90 * SECOND), then_fail=st.booleans())
    def set_the_clock_back(self, gap: int, *, then_fail: bool) -> None:
        self.clock.now -= gap
        self.met.counted["clock set back"] += 1
        if then_fail:
            self.fail_in_a_row(1, 0)

    @rule()
    def look(self) -> None:
        ruling = self.runner.run(self.shared.look())
        assert ruling.before == ruling.view.state
        self._same(Said(), ruling, START)

    def _ask(self) -> tuple[int, str | None] | None:
        name = uuid.uuid4().hex
        before = NUMBERS[self.model.era.name]
        said = self.model.ask(self.clock.now, name)
        for ruling, start in ((self.runner.run(self.shared.permit(name)), START), (self.local.permit(name), 0)):
            assert ruling.before == before
            self._same(said, ruling, start)
        self.met.counted["expired probes"] += said.gave_up
        if said.word == "deny":
            return None
        self.out.append((self.model.era.number, name if said.word == "probe" else None))
        return self.out[-1]

    def _taken(self, permit: tuple[int, str | None]) -> tuple[int, str | None]:
        self.out.remove(permit)
        return permit

    def _tell(self, permit: tuple[int, str | None], outcome: Outcome) -> None:
        epoch, name = permit
        before = NUMBERS[self.model.era.name]
        in_the_future = outcome == "failure" and any(when > self.clock.now for when in self.model.era.trouble)
        said = self.model.told(self.clock.now, epoch, name, outcome)
        shared = self.runner.run(self.shared.report(epoch, name, outcome))
        for ruling, start in ((shared, START), (self.local.report(epoch, name, outcome), 0)):
            assert ruling.before == before
            self._same(said, ruling, start)
        self.met.counted["late results"] += said.ignored
        self.met.counted["failures in the future"] += in_the_future
        self.back = [*self.back[-5:], permit]

    def _same(self, said: Said, ruling: Ruling, start: int) -> None:
        self.met.compared += start > 0
        assert (ruling.decision, ruling.wait) == (said.word, said.wait)
        assert (ruling.late, ruling.probe_expired) == (said.ignored, said.gave_up)
        assert ruling.now == start + self.clock.now
        assert ruling.view == _expected(self.model.era, start)

    def _gets_well(self) -> None:
        """Whatever happened: a model that answers again closes it, for everybody."""
        for _ in range(4):
            self.clock.now += 35 * SECOND
            if permit := self._ask():
                self._tell(self._taken(permit), "success")
        assert self.model.era.name == "closed"


def _expected(era: Era, start: int) -> BreakerView:
    """Return what is kept of an era, on a clock that shows ``start`` where the model's shows zero."""
    view = BreakerView(NUMBERS[era.name], era.number)
    if era.name == "closed":
        return _with(view, failures=tuple(start + when for when in era.trouble))
    if era.name == "open":
        return _with(view, until=start + era.begun + 30 * SECOND)
    if era.probe is None:
        return _with(view, successes=era.good)
    name, since = era.probe
    return _with(view, successes=era.good, probe_id=name, lease=start + since + 35 * SECOND)


def _with(view: BreakerView, **fields: object) -> BreakerView:
    return BreakerView(**{"state": view.state, "epoch": view.epoch, **fields})  # type: ignore[arg-type]


def _due(era: Era) -> int | None:
    if era.name == "open":
        return era.begun + 30 * SECOND
    if era.name == "half open" and era.probe:
        return era.probe[1] + 35 * SECOND
    return era.trouble[0] + 60 * SECOND if era.trouble else None


def test_the_shared_breaker_and_the_local_one_do_what_the_model_says_in_any_order(
    valkey_url: str, capsys: pytest.CaptureFixture[str]
):
    met = Met()
    machine = type("Machine", (BreakerMachine,), {"url": valkey_url, "met": met})
    limits = settings(
        max_examples=STEPS // PER_RUN,
        stateful_step_count=PER_RUN,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not LONG,
        database=None,
    )
    run_state_machine_as_test(machine, settings=limits)
    if LONG:
        with capsys.disabled():
            lines = [f"\n{met.compared:8} events compared", *(f"{n:8} {what}" for what, n in met.counted.most_common())]
            sys.stdout.write("\n".join(lines) + "\n")
    assert met.compared >= STEPS * 5 // 6
    for what, one_in in LEAST.items():
        assert met.counted[what] >= STEPS // one_in, (what, met.counted)
