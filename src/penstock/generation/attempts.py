"""One question to a model, through all that can go wrong: breaker, deadline, retries (BEHAVIOUR.md §2.4, §3, §4)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.domain.models import ModelAttempt, Usage
from penstock.generation.model import (
    NEUTRAL,
    RETRIED,
    AttemptLimits,
    FailureKind,
    Model,
    ModelAnswer,
    ModelFailed,
    Prompt,
)

if TYPE_CHECKING:
    from penstock.generation.ports import Breaker, Permit
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

_LEAST_RETRIES = 3
_SHARE = 0.2
"""Retries at once: at least three, else this share of what is in flight (BEHAVIOUR.md §2.5)."""


@dataclass(frozen=True, slots=True)
class AttemptRules:
    """Seconds and counts of BEHAVIOUR.md §4, row Claude."""

    connect_s: float = 2.0
    first_byte_s: float = 8.0
    idle_s: float = 8.0
    total_s: float = 30.0
    backoff_s: tuple[float, ...] = (2.0, 4.0, 8.0)
    """Nominal waits; jitter only shortens them. One more attempt than there are waits."""
    least_left_s: float = 4.0
    """A retry is begun only with this much time left,"""
    least_left_after_total_s: float = 10.0
    """or with this much after an attempt that used all of its own."""
    at_once: int = 40
    wait_for_place_s: float = 1.0


class ModelUnavailable(Exception):
    """No attempt gave a complete message, and no further one is made."""

    def __init__(self, reason: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        """breaker_open, rate_limited, busy, deadline, or the FailureKind of the last attempt."""
        self.message = message
        self.retry_after_s = retry_after_s


@dataclass
class Allowance:
    """What one request may still spend on its model: attempts in all, and the moment by which it must be done."""

    finish: float
    """Monotonic seconds of the clock."""
    left: int
    made: list[ModelAttempt] = field(default_factory=list)
    last_total: bool = False
    on_attempt: Callable[[ModelAttempt], None] | None = None


class Attempts:
    """Asks one model. One of these lives as long as the server: it knows what is in flight."""

    def __init__(
        self, model: Model, breaker: Breaker, *, rules: AttemptRules, clock: Clock, telemetry: Telemetry
    ) -> None:
        self.model = model
        self.breaker = breaker
        self.rules = rules
        self._clock = clock
        self._telemetry = telemetry
        self._places = asyncio.Semaphore(rules.at_once)
        self._in_flight = self._retrying = 0

    def allowance(self, finish: float, on_attempt: Callable[[ModelAttempt], None] | None = None) -> Allowance:
        """Return what a request may spend when it must be done by ``finish``."""
        return Allowance(finish, len(self.rules.backoff_s) + 1, on_attempt=on_attempt)

    async def answer(self, prompt: Prompt, allowance: Allowance) -> ModelAnswer:
        """Return a complete message. Raises ModelUnavailable."""
        left = max(0.0, allowance.finish - self._clock.monotonic())
        try:
            async with asyncio.timeout(min(self.rules.wait_for_place_s, left)):
                await self._places.acquire()
        except TimeoutError:
            message = "As many questions as this server asks at once are being answered."
            raise ModelUnavailable("busy", message, retry_after_s=1.0) from None
        self._in_flight += 1
        try:
            return await self._asked(prompt, allowance)
        finally:
            self._in_flight -= 1
            self._places.release()

    async def _asked(self, prompt: Prompt, allowance: Allowance) -> ModelAnswer:
        if allowance.left <= 0:
            raise ModelUnavailable("deadline", "The attempts on the model are used up.")
        while True:
            permit = await self._permit()
            try:
                answer, failed = await self._attempt(prompt, allowance, permit)
            except BaseException:
                await self.breaker.report(permit, "neutral")
                raise
            if answer is not None:
                await self.breaker.report(permit, "success")
                return answer
            assert failed is not None  # noqa: S101 -- one of the two is always there
            await self.breaker.report(permit, "neutral" if failed.kind in NEUTRAL else "failure")
            if permit.probe_id is not None:
                await self._probe_failed(failed)
            wait = self._wait(failed, allowance)
            await self._backing_off(wait, failed)

    async def _permit(self) -> Permit:
        permit = await self.breaker.permit()
        if not permit.allowed:
            message = "The model's circuit breaker is open after repeated failures."
            raise ModelUnavailable("breaker_open", message, retry_after_s=permit.retry_after_s)
        return permit

    async def _attempt(
        self, prompt: Prompt, allowance: Allowance, permit: Permit
    ) -> tuple[ModelAnswer | None, ModelFailed | None]:
        """Make one attempt and tell about it; cancelled ones are told about, too."""
        await self.model.warm()
        rules, begun = self.rules, self._clock.monotonic()
        left = allowance.finish - begun
        if left <= 0:
            raise ModelUnavailable("deadline", "The time for the model is used up.")
        allowance.left -= 1
        limits = AttemptLimits(rules.connect_s, rules.first_byte_s, rules.idle_s, min(rules.total_s, left))
        stopwatch = time.perf_counter()
        answer, failed = None, None
        outcome, usage, request_id = FailureKind.CANCELLED.value, Usage(), ""
        try:
            answer = await self.model.attempt(prompt, limits)
            outcome, usage, request_id = "ok", answer.usage, answer.request_id
        except ModelFailed as problem:
            failed = problem
            outcome, usage = problem.kind.value, problem.usage or Usage()
        finally:
            allowance.last_total = self._clock.monotonic() - begun >= rules.total_s
            made = ModelAttempt(
                model=self.model.name,
                number=len(allowance.made) + 1,
                outcome=outcome,
                ms=round((time.perf_counter() - stopwatch) * 1000, 3),
                usage=usage,
                request_id=request_id,
                probe=permit.probe_id is not None,
            )
            allowance.made.append(made)
            self._telemetry.observe_model_attempt(made)
            if allowance.on_attempt is not None:
                allowance.on_attempt(made)
        return answer, failed

    async def _probe_failed(self, failed: ModelFailed) -> None:
        """End here: a failed probe opens the breaker again, which says how long. Raises ModelUnavailable."""
        again = await self.breaker.permit()
        if again.allowed:
            await self.breaker.report(again, "neutral")
        message = f"The model failed while it was being tried out: {failed.message}"
        wait = max(again.retry_after_s, failed.retry_after_s or 0.0) or None
        raise ModelUnavailable("breaker_open", message, retry_after_s=wait)

    def _wait(self, failed: ModelFailed, allowance: Allowance) -> float:
        """Return how long to wait before the next attempt. Raises ModelUnavailable when there is none."""
        stop = ModelUnavailable(failed.kind.value, failed.message, retry_after_s=failed.retry_after_s)
        if failed.kind not in RETRIED:
            raise stop
        used = len(self.rules.backoff_s) + 1 - allowance.left
        if allowance.left <= 0 or used > len(self.rules.backoff_s):
            raise stop
        if self._retrying >= max(_LEAST_RETRIES, int(_SHARE * self._in_flight)):
            self._telemetry.count("model_retry_budget_spent")
            raise stop
        wait = self.rules.backoff_s[used - 1] * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads retries, protects nothing
        wait = max(wait, failed.retry_after_s or 0.0)
        least = self.rules.least_left_after_total_s if allowance.last_total else self.rules.least_left_s
        if self._clock.monotonic() + wait + least > allowance.finish:
            raise stop
        return wait

    async def _backing_off(self, wait: float, failed: ModelFailed) -> None:
        self._telemetry.log(
            "model.attempt_failed",
            level="warning",
            model=self.model.name,
            kind=failed.kind.value,
            reason=failed.message,
            retry_in_s=round(wait, 2),
        )
        self._retrying += 1
        try:
            await self._clock.sleep(wait)
        finally:
            self._retrying -= 1
