"""Attempts on a model under a clock of the test's own: no sequence of failures costs more than BEHAVIOUR.md allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.models import Usage
from penstock.generation.attempts import AttemptRules, Attempts, ModelUnavailable
from penstock.generation.model import NEUTRAL, RETRIED, AttemptLimits, FailureKind, ModelAnswer, ModelFailed, Prompt
from penstock.generation.ports import CLOSED, HALF_OPEN, OPEN, Outcome, Permit
from penstock.telemetry.service import Telemetry

PROMPT = Prompt(("rules",), "{}", "{}", {})
FINISH, WHOLE = 36.0, 45.5
EPSILON = 1e-6


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Turn:
    """What one attempt does: how long it would take, and what comes of it. None: a complete message."""

    seconds: float
    fails: FailureKind | None = None
    retry_after_s: float | None = None


@dataclass
class ScriptedModel:
    """A model that keeps to its limits, as Claude's adapter does."""

    clock: VirtualClock
    turns: Iterator[Turn]
    name: str = "scripted"
    limits: list[AttemptLimits] = field(default_factory=list)

    async def warm(self) -> None:
        await asyncio.sleep(0)

    async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
        del prompt
        self.limits.append(limits)
        turn = next(self.turns)
        await asyncio.sleep(0)
        if turn.seconds >= limits.total_s:
            self.clock.passed += limits.total_s
            raise ModelFailed(FailureKind.TOTAL, "too long")
        self.clock.passed += turn.seconds
        if turn.fails is not None:
            raise ModelFailed(turn.fails, "as told", retry_after_s=turn.retry_after_s, usage=Usage(3, 1))
        return ModelAnswer("{}", "end_turn", self.name, Usage(10, 5), "req_1")

    async def close(self) -> None:
        await asyncio.sleep(0)


@dataclass
class ScriptedBreaker:
    """A breaker that says what it is told to, and remembers what it is told."""

    permits: Iterator[Permit]
    reports: list[Outcome] = field(default_factory=list)
    asked: int = 0

    async def permit(self) -> Permit:
        self.asked += 1
        return next(self.permits)

    async def report(self, permit: Permit, outcome: Outcome) -> None:
        assert permit.allowed
        self.reports.append(outcome)

    async def state(self) -> int:
        return CLOSED

    async def close(self) -> None:
        await asyncio.sleep(0)


ALLOWED = Permit(allowed=True, state=CLOSED, epoch=1, probe_id=None, retry_after_s=0.0, source="shared")
DENIED = Permit(allowed=False, state=OPEN, epoch=2, probe_id=None, retry_after_s=17.0, source="shared")
PROBE = Permit(allowed=True, state=HALF_OPEN, epoch=3, probe_id="probe-1", retry_after_s=0.0, source="shared")


def forever(*first: Permit) -> Iterator[Permit]:
    yield from first
    while True:
        yield ALLOWED


class Asked:
    """One question, put to a scripted model behind a scripted breaker."""

    def __init__(
        self,
        turns: Sequence[Turn],
        permits: Iterator[Permit] | None = None,
        *,
        finish: float = FINISH,
        rules: AttemptRules | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.model = ScriptedModel(self.clock, iter(turns))
        self.breaker = ScriptedBreaker(permits or forever())
        self.rules = rules or AttemptRules()
        self.attempts = Attempts(self.model, self.breaker, rules=self.rules, clock=self.clock, telemetry=Telemetry())
        self.allowance = self.attempts.allowance(finish)
        self.problem: ModelUnavailable | None = None
        self.answer: ModelAnswer | None = None
        asyncio.run(self._ask())

    async def _ask(self) -> None:
        try:
            self.answer = await self.attempts.answer(PROMPT, self.allowance)
        except ModelUnavailable as problem:
            self.problem = problem

    @property
    def reason(self) -> str:
        assert self.problem is not None
        return self.problem.reason

    @property
    def outcomes(self) -> list[str]:
        return [each.outcome for each in self.allowance.made]


DOWN = Turn(0.1, FailureKind.SERVER)
WELL = Turn(2.0)


def test_three_failures_cost_waits_below_two_four_and_eight_seconds():
    asked = Asked([DOWN, DOWN, DOWN, WELL])
    assert asked.answer is not None
    assert asked.outcomes == ["server", "server", "server", "ok"]
    assert len(asked.clock.slept) == 3
    assert all(nominal / 2 <= wait <= nominal for wait, nominal in zip(asked.clock.slept, (2, 4, 8), strict=True))
    assert asked.breaker.reports == ["failure"] * 3 + ["success"]
    assert asked.breaker.asked == 4, "the breaker is asked before every attempt"


def test_after_four_attempts_nothing_more_is_tried():
    asked = Asked([DOWN] * 9)
    assert (asked.reason, len(asked.model.limits)) == ("server", 4)


def test_two_questions_of_one_request_share_its_attempts():
    asked = Asked([DOWN, WELL, DOWN, DOWN, WELL])
    asyncio.run(asked._ask())
    assert (asked.reason, len(asked.allowance.made)) == ("server", 4)


def test_a_silent_model_is_tried_three_times_at_eight_seconds_and_given_up_before_the_finish():
    asked = Asked([Turn(8.0, FailureKind.FIRST_BYTE)] * 9)
    assert asked.reason == "first_byte"
    assert len(asked.model.limits) == 3
    assert asked.clock.passed <= FINISH


def test_after_an_attempt_of_full_length_the_next_needs_ten_seconds():
    assert len(Asked([Turn(31.0)] * 9).model.limits) == 1
    assert len(Asked([Turn(31.0)] * 9, finish=43.0).model.limits) == 2


def test_an_attempt_gets_no_more_time_than_the_request_has_left():
    asked = Asked([Turn(20.0, FailureKind.RESET), Turn(40.0)])
    assert asked.model.limits[1].total_s == pytest.approx(FINISH - 20.0 - asked.clock.slept[0])
    assert asked.clock.passed == pytest.approx(FINISH)


@pytest.mark.parametrize("kind", sorted(set(FailureKind) - RETRIED))
def test_what_no_retry_mends_is_tried_once(kind: FailureKind):
    asked = Asked([Turn(0.1, kind), WELL])
    assert (asked.reason, len(asked.model.limits)) == (kind.value, 1)
    assert asked.breaker.reports == ["neutral" if kind in NEUTRAL else "failure"]


def test_a_retry_after_that_fits_is_waited_for_and_one_that_does_not_is_passed_on():
    waited = Asked([Turn(0.1, FailureKind.RATE_LIMITED, 5.0), WELL])
    assert waited.clock.slept == [5.0]
    asked = Asked([Turn(0.1, FailureKind.RATE_LIMITED, 120.0), WELL])
    assert (asked.reason, asked.clock.slept) == ("rate_limited", [])
    assert asked.problem is not None
    assert asked.problem.retry_after_s == 120.0


def test_an_open_breaker_is_told_at_once_with_its_wait():
    asked = Asked([WELL], iter([DENIED]))
    assert (asked.reason, asked.model.limits, asked.clock.passed) == ("breaker_open", [], 0.0)
    assert asked.problem is not None
    assert asked.problem.retry_after_s == 17.0


def test_a_breaker_that_opens_between_attempts_ends_them():
    asked = Asked([DOWN, WELL], iter([ALLOWED, DENIED]))
    assert (asked.reason, asked.outcomes) == ("breaker_open", ["server"])


def test_a_failed_probe_is_not_tried_again():
    asked = Asked([DOWN, WELL], iter([PROBE, DENIED]))
    assert (asked.reason, asked.outcomes, asked.breaker.reports) == ("breaker_open", ["server"], ["failure"])
    assert asked.problem is not None
    assert asked.problem.retry_after_s == DENIED.retry_after_s, "the breaker that it opened again says how long"
    assert asked.allowance.made[0].probe


def test_without_time_nothing_is_asked_and_a_probe_is_given_back():
    asked = Asked([WELL], iter([PROBE]), finish=0.0)
    assert (asked.reason, asked.model.limits, asked.breaker.reports) == ("deadline", [], ["neutral"])


def test_an_attempt_that_is_cancelled_is_neutral_and_told_with_its_cost():
    async def scene() -> None:
        clock = VirtualClock()
        begun = asyncio.Event()

        class Endless(ScriptedModel):
            async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
                begun.set()
                await asyncio.Event().wait()
                return await super().attempt(prompt, limits)

        breaker = ScriptedBreaker(forever())
        model = Endless(clock, iter([]))
        attempts = Attempts(model, breaker, rules=AttemptRules(), clock=clock, telemetry=Telemetry())
        allowance = attempts.allowance(FINISH)
        asking = asyncio.create_task(attempts.answer(PROMPT, allowance))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert breaker.reports == ["neutral"]
        assert [each.outcome for each in allowance.made] == ["cancelled"]

    asyncio.run(scene())


def test_more_questions_than_places_are_told_to_come_back():
    async def scene() -> None:
        clock = VirtualClock()
        hold = asyncio.Event()

        class Held(ScriptedModel):
            async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
                await hold.wait()
                return await super().attempt(prompt, limits)

        model = Held(clock, iter([WELL] * 2))
        rules = AttemptRules(at_once=1, wait_for_place_s=0.0)
        attempts = Attempts(model, ScriptedBreaker(forever()), rules=rules, clock=clock, telemetry=Telemetry())
        first = asyncio.create_task(attempts.answer(PROMPT, attempts.allowance(FINISH)))
        await asyncio.sleep(0)
        with pytest.raises(ModelUnavailable) as refused:
            await attempts.answer(PROMPT, attempts.allowance(FINISH))
        assert (refused.value.reason, refused.value.retry_after_s) == ("busy", 1.0)
        hold.set()
        await first
        assert (await attempts.answer(PROMPT, attempts.allowance(FINISH))).text == "{}", "the place is free again"

    asyncio.run(scene())


def test_a_failing_model_is_not_stormed_with_retries():
    async def scene() -> list[str]:
        clock = VirtualClock()

        class Waiting(VirtualClock):
            async def sleep(self, seconds: float) -> None:
                await asyncio.sleep(0.05)  # so long that everybody has failed once before the first retry

        waiting = Waiting()
        model = ScriptedModel(clock, iter([DOWN] * 200))
        breaker = ScriptedBreaker(forever())
        rules = AttemptRules(backoff_s=(0.01,))
        attempts = Attempts(model, breaker, rules=rules, clock=waiting, telemetry=Telemetry())
        allowances = [attempts.allowance(FINISH) for _ in range(40)]
        work = [attempts.answer(PROMPT, each) for each in allowances]
        await asyncio.gather(*work, return_exceptions=True)
        return [each.outcome for allowance in allowances for each in allowance.made]

    made = asyncio.run(scene())
    assert 40 < len(made) <= 40 + 8, "a fifth of those in flight may try again"


turns = st.builds(
    Turn,
    st.floats(0.0, 60.0),
    st.one_of(st.none(), st.sampled_from(sorted(FailureKind))),
    st.one_of(st.none(), st.floats(0.0, 200.0)),
)
permits = st.lists(st.sampled_from([ALLOWED, ALLOWED, ALLOWED, DENIED, PROBE]), max_size=8)


@settings(max_examples=400, deadline=None)
@given(st.lists(turns, min_size=8, max_size=8), permits, st.floats(0.0, FINISH))
def test_no_sequence_of_outcomes_costs_more_than_is_allowed(
    sequence: list[Turn], permitted: list[Permit], elapsed: float
):
    """The earlier stages took ``elapsed`` seconds of the request's time."""
    asked = Asked(sequence, forever(*permitted), finish=FINISH - elapsed)
    made = asked.allowance.made
    assert elapsed + asked.clock.passed <= FINISH + EPSILON
    assert elapsed + asked.clock.passed + (WHOLE - FINISH) <= WHOLE + EPSILON
    assert len(made) == len(asked.model.limits) <= 4
    assert sum(asked.clock.slept) <= max(14.0, FINISH)
    for wait, nominal, attempt in zip(asked.clock.slept, asked.rules.backoff_s, sequence, strict=False):
        assert wait <= max(nominal, attempt.retry_after_s or 0.0)
    assert all(limits.total_s <= min(30.0, FINISH - elapsed) + EPSILON for limits in asked.model.limits)
    assert len(asked.breaker.reports) == sum(each.allowed for each in _given(permitted, asked.breaker.asked))
    for each, outcome in zip(made[:-1], asked.breaker.reports, strict=False):
        assert (each.outcome in RETRIED, each.probe, outcome) == (True, False, "failure")
    if any(not each.allowed for each in _given(permitted, asked.breaker.asked)):
        assert asked.reason == "breaker_open"
    assert (asked.answer is None) != (asked.problem is None)


def _given(permitted: Sequence[Permit], asked: int) -> list[Permit]:
    """Return the permits that were asked for."""
    source = forever(*permitted)
    return [next(source) for _ in range(asked)]
