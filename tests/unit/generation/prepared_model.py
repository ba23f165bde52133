"""A model with prepared answers, behind a breaker that always lets pass."""

from __future__ import annotations

import asyncio

from penstock.domain.models import Usage
from penstock.generation.model import AttemptLimits, ModelAnswer, Prompt
from penstock.generation.ports import CLOSED, Outcome, Permit


class Answers:
    """A model that gives prepared answers and remembers what it was asked."""

    name = "prepared"

    def __init__(self, *answers: tuple[str, str]) -> None:
        self.answers = list(answers)
        self.asked: list[Prompt] = []

    async def warm(self) -> None:
        await asyncio.sleep(0)

    async def attempt(self, prompt: Prompt, limits: AttemptLimits) -> ModelAnswer:
        assert limits.total_s > 0
        self.asked.append(prompt)
        text, stop_reason = self.answers.pop(0)
        await asyncio.sleep(0)
        return ModelAnswer(text, stop_reason, self.name, Usage(1_000_000, 100_000))

    async def close(self) -> None:
        await asyncio.sleep(0)


class Open:
    """A breaker that always lets pass."""

    async def permit(self) -> Permit:
        return Permit(allowed=True, state=CLOSED, epoch=1, probe_id=None, retry_after_s=0.0, source="local")

    async def report(self, permit: Permit, outcome: Outcome) -> None:
        assert (permit.allowed, outcome) == (True, "success")

    async def state(self) -> int:
        return CLOSED

    async def close(self) -> None:
        await asyncio.sleep(0)
