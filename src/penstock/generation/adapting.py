"""A conversation with a model about one pipeline: asked, once more when the answer cannot be used, then for repairs.

Every answer is checked before anything is made of it (BEHAVIOUR.md §4, row "Claude content"). Start at Adapting.open().
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from penstock.domain.changes import Changes
from penstock.domain.models import ModelAttempt, ModelUse, Prices
from penstock.generation.answer_schema import answer_of, answer_schema
from penstock.generation.answers import UnusableAnswer, changes_from
from penstock.generation.attempts import Allowance, Attempts, ModelUnavailable
from penstock.generation.change_problems import problems_of
from penstock.generation.model import FailureKind, ModelAnswer, Prompt
from penstock.generation.prompt import Redact, plain, prompt_for

if TYPE_CHECKING:
    from penstock.domain.facts import RepositoryFacts
    from penstock.domain.skills import Skill
    from penstock.domain.spec import PipelineSpec
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})
_MORE_TOKENS_S = 10.0
"""Seconds that must be left for a longer answer to be worth asking for."""
_QUOTED = 20_000
_NO_SECOND = frozenset({FailureKind.BAD_REQUEST.value, FailureKind.MISCONFIGURED.value, "busy", "deadline"})
"""Reasons for which another model would fare no better."""


class ModelRefused(Exception):
    """The model declined to answer this sentence."""


class AnswerUnusable(Exception):
    """Two answers could not be used."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons)[:1_000])
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Question:
    """What the model is asked about."""

    intent: str
    facts: RepositoryFacts
    draft: PipelineSpec
    skills: Sequence[Skill]
    understood: Mapping[str, Any] | None = None
    """What was read from the sentence without a model."""
    tried: Callable[[Changes, str], Awaitable[Sequence[str]]] | None = None
    """Tries changes of that model out, and returns what is impossible about them: the model is told."""


class Adapting:
    """Opens conversations. ``models`` in the order they are tried; ``prices`` by model id."""

    def __init__(
        self,
        models: Sequence[Attempts],
        *,
        prices: Mapping[str, Prices],
        redact: Redact,
        max_tokens: int,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        self.models = tuple(models)
        self.prices = prices
        self.redact = redact
        self.max_tokens = max_tokens
        self.clock = clock
        self.telemetry = telemetry

    async def warm(self) -> None:
        """Import what asking takes, so that the first question need not wait for it."""
        for each in self.models:
            await each.model.warm()

    def open(
        self, question: Question, finish: float, on_attempt: Callable[[ModelAttempt], None] | None = None
    ) -> Conversation:
        """Begin a conversation that is over at ``finish`` (monotonic seconds). Nothing is asked yet."""
        return Conversation(self, question, finish, on_attempt)


@dataclass
class Conversation:
    """What is said to and by the models about one pipeline."""

    _room: Adapting
    _question: Question
    _finish: float
    _on_attempt: Callable[[ModelAttempt], None] | None = None
    _attempts: list[ModelAttempt] = field(default_factory=list)
    _allowances: dict[str, Allowance] = field(default_factory=dict)
    _reasked: bool = False
    _speaker: Attempts | None = None

    @property
    def use(self) -> ModelUse:
        """What was spent so far."""
        name = self._speaker.model.name if self._speaker else self._room.models[0].model.name
        return ModelUse(name, tuple(self._attempts), self._reasked)

    async def answer(self) -> Changes:
        """Ask, and once more when the answer is of no use. Raises ModelUnavailable, AnswerUnusable, ModelRefused."""
        return await self._by_some_model(())

    async def repair(self, before: Changes, objection: str) -> Changes:
        """Ask for changes without what the gate objects to. Raises as ``answer`` does."""
        said = json.dumps(answer_of(before))
        return await self._by_some_model(((said, objection),))

    async def _by_some_model(self, turns: tuple[tuple[str, str], ...]) -> Changes:
        problem: ModelUnavailable | AnswerUnusable | None = None
        for model in self._room.models:
            self._speaker = model
            try:
                return await self._by(model, turns)
            except ModelUnavailable as unavailable:
                problem = problem or unavailable
                if unavailable.reason in _NO_SECOND:
                    break
            except AnswerUnusable as unusable:
                problem = unusable
        if problem is None:
            raise ModelUnavailable("busy", "No model is configured.")
        raise problem

    async def _by(self, model: Attempts, turns: tuple[tuple[str, str], ...]) -> Changes:
        name = model.model.name
        allowance = self._allowances.setdefault(name, model.allowance(self._finish, self._told))
        prompt = replace(self._prompt(), turns=turns)
        for again in (False, True):
            answer = await model.answer(prompt, allowance)
            changes, reasons = self._read(answer)
            if changes is not None and self._question.tried is not None:
                reasons = list(await self._question.tried(changes, name))
                if reasons:
                    self._room.telemetry.count_unusable("impossible")
            if changes is not None and not reasons:
                return changes
            left = allowance.finish - self._room.clock.monotonic()
            if again or allowance.left <= 0 or left < model.rules.least_left_s:
                raise AnswerUnusable(reasons)
            self._reasked = True
            prompt = _objected(prompt, answer, reasons, longer=answer.stop_reason in _CUT and left >= _MORE_TOKENS_S)
        raise AnswerUnusable(reasons)

    def _prompt(self) -> Prompt:
        asked, room = self._question, self._room
        return prompt_for(
            asked.intent,
            asked.facts,
            asked.draft,
            asked.skills,
            schema=answer_schema(),
            redact=room.redact,
            understood=asked.understood,
            max_tokens=room.max_tokens,
        )

    def _read(self, answer: ModelAnswer) -> tuple[Changes | None, list[str]]:
        """Return changes, or why there are none. Raises ModelRefused."""
        if answer.stop_reason == "refusal":
            raise ModelRefused
        if answer.stop_reason in _CUT:
            self._room.telemetry.count_unusable("cut")
            return None, ["The answer was cut off before its end: be brief."]
        try:
            changes = _seen(changes_from(answer.text))
        except UnusableAnswer as problem:
            self._room.telemetry.count_unusable("unreadable")
            return None, list(problem.reasons)
        asked = self._question
        problems = problems_of(changes, asked.draft, asked.facts, asked.intent, asked.skills)
        if problems:
            self._room.telemetry.count_unusable("impossible")
            return None, problems
        return changes, []

    def _told(self, attempt: ModelAttempt) -> None:
        prices = self._room.prices.get(attempt.model, Prices())
        counted = replace(attempt, number=len(self._attempts) + 1, micro_usd=prices.micro_usd(attempt.usage))
        self._attempts.append(counted)
        if self._on_attempt is not None:
            self._on_attempt(counted)


def _seen(changes: Changes) -> Changes:
    """Return the changes without characters that nobody can see. Raises UnusableAnswer when a text is nothing else."""
    try:
        return Changes.model_validate(_plain(changes.model_dump()))
    except ValidationError:
        raise UnusableAnswer(["A text of the answer holds nothing but characters that nobody can see."]) from None


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value, len(value) + 1)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _objected(prompt: Prompt, answer: ModelAnswer, reasons: Sequence[str], *, longer: bool) -> Prompt:
    """Return the prompt with the answer and what is wrong with it."""
    listed = "\n".join(f"- {plain(reason, 400)}" for reason in reasons[:20])
    objection = f"That answer cannot be used:\n{listed}\nAnswer again with the whole JSON document, corrected."
    turn = (plain(answer.text, _QUOTED) or "{}", objection)
    return replace(
        prompt, turns=(*prompt.turns, turn), max_tokens=prompt.max_tokens * 2 if longer else prompt.max_tokens
    )
