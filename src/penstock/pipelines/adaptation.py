"""What becomes of the sentence: a model's changes, or, when there is no model or it is away, what rules read from it.

The decision to fall back is made here and nowhere else (BEHAVIOUR.md C3, §5 rows 34-50).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from penstock.domain.changes import Changes
from penstock.domain.models import ModelAttempt, ModelUse
from penstock.domain.pipelines import GeneratePipeline, StageEvent
from penstock.errors import (
    GenerationRefused,
    GenerationUnavailable,
    InvalidConfiguration,
    OutputUnusable,
    PenstockError,
)
from penstock.generation.model import FailureKind

if TYPE_CHECKING:
    from penstock.domain.facts import RepositoryFacts
    from penstock.generation.adapting import Adapting, Conversation, Question
    from penstock.pipelines.sketching import Sketch
    from penstock.pipelines.walk import Walk
    from penstock.telemetry.service import Telemetry

MODES = ("auto", "ai", "template")
FALLBACKS = ("on_breaker_open", "on_any_failure", "never")
Tried = Callable[[Changes, str], Awaitable[Sequence[str]]]
"""Tries changes of the model of that name out; returns what is impossible about them."""
_WORDS = {
    "breaker_open": "its circuit breaker is open",
    "busy": "it is asked too much at once",
    "deadline": "the time was used up",
    "account": "its account has no credit",
    "credential": "it refuses our credentials",
    "misconfigured": "its settings are wrong",
    "output": "its answers could not be used",
}


_TEMPLATES = "Or let templates stand in: options.fallback=on_any_failure (--fallback on_any_failure)."
_SETTINGS = (
    "PENSTOCK_MODEL__API_KEY (or ANTHROPIC_API_KEY), PENSTOCK_MODEL__NAME and PENSTOCK_MODEL__BASE_URL, or for Vertex"
    " AI PENSTOCK_MODEL__VERTEX_PROJECT and its credentials"
)
_NEXT = {
    "misconfigured": (
        f"Whoever runs Penstock corrects the setting and starts it again: {_SETTINGS}.",
        _TEMPLATES,
    ),
    "credential": (
        f"Whoever runs Penstock checks the key and the model's name: {_SETTINGS}.",
        "Send the same request again once that is done.",
        _TEMPLATES,
    ),
    "account": (
        "Whoever runs Penstock gives the account credit, raises its limit or sets another PENSTOCK_MODEL__API_KEY.",
        "Send the same request again once that is done.",
        _TEMPLATES,
    ),
}
"""What to do about failures that time does not mend; the others take the error's own steps."""


@dataclass(frozen=True)
class ModelWork:
    """What one request brings for the model: its deadline, what was paid for before, and how to keep what is now."""

    finish: float
    """Monotonic second by which the model's part must be done."""
    draft: Mapping[str, Any] | None = None
    keep: Callable[[Mapping[str, Any], ModelUse], Awaitable[None]] | None = None
    """Saves an answer with its cost (the record becomes drafted)."""
    spent: Callable[[ModelUse], Awaitable[None]] | None = None
    """Saves the cost of attempts that gave nothing."""
    judge_by: float = inf
    """Monotonic second by which the verdict must be there: no repair is begun after it."""


@dataclass(frozen=True)
class Adapted:
    """The changes that count, and where they come from."""

    changes: Changes | None
    """None: those that rules read from the sentence."""
    mode: str
    """ai or template."""
    use: ModelUse | None = None
    degraded: str = ""
    """Why templates stand in for the model that was wanted; empty: they do not."""
    conversation: Conversation | None = None
    """Open for repairs."""


class Adaptation:
    """Asks the model, and decides what happens when it does not answer. ``adapting`` is None without any model."""

    def __init__(self, adapting: Adapting | None, telemetry: Telemetry) -> None:
        self._adapting = adapting
        self._telemetry = telemetry

    def wanted(self, command: GeneratePipeline) -> bool:
        """Whether a model is to be asked. Raises InvalidConfiguration when it is demanded and there is none."""
        mode = command.options.mode
        if mode == "ai" and self._adapting is None:
            message = "Mode 'ai' is not available here: no model is configured, only templates."
            steps = (
                "Set PENSTOCK_MODEL__API_KEY or ANTHROPIC_API_KEY (or the settings for Vertex AI) where Penstock runs.",
                "Or leave options.mode (--mode) away: templates are used then.",
            )
            raise InvalidConfiguration(message, fields=["options.mode"], next_steps=steps)
        return mode != "template" and self._adapting is not None

    async def adapt(
        self,
        command: GeneratePipeline,
        facts: RepositoryFacts,
        base: Sketch,
        work: ModelWork,
        walk: Walk,
        *,
        org_id: str,
        tried: Tried | None = None,
    ) -> Adapted:
        """Return the changes that count. Raises GenerationUnavailable, OutputUnusable, GenerationRefused."""
        from penstock.generation.adapting import AnswerUnusable, ModelRefused
        from penstock.generation.attempts import ModelUnavailable

        conversation = self._open(command, facts, base, work, walk, tried)
        kept = _kept(work.draft)
        if kept is not None:
            return Adapted(kept[0], "ai", kept[1], conversation=conversation)
        try:
            changes = await conversation.answer()
        except ModelRefused:
            await self._spent(work, conversation, org_id)
            raise GenerationRefused from None
        except (ModelUnavailable, AnswerUnusable) as problem:
            await self._spent(work, conversation, org_id)
            return self._fallen_back(command, problem, conversation.use)
        except BaseException:
            await self._spent(work, conversation, org_id)
            raise
        use = conversation.use
        self._telemetry.observe_model_use(org_id, use)
        if work.keep is not None:
            said = changes.model_dump(mode="json", exclude_defaults=True)
            await work.keep({"changes": said, "model": use.model}, use)
        return Adapted(changes, "ai", use, conversation=conversation)

    async def spent_on_repairs(self, adapted: Adapted, work: ModelWork, *, org_id: str) -> ModelUse | None:
        """Return what was spent in all, and keep what repairs cost on top of the answer."""
        whole = adapted.conversation.use if adapted.conversation else None
        known = adapted.use
        if whole is None or known is None or len(whole.attempts) <= len(known.attempts):
            return known
        more = replace(whole, attempts=whole.attempts[len(known.attempts) :])
        self._telemetry.observe_model_use(org_id, more)
        await self._keep_spent(work, more)
        return replace(whole, from_draft=known.from_draft)

    def _open(  # noqa: PLR0917 -- one step of adapt(), with all that adapt() knows
        self,
        command: GeneratePipeline,
        facts: RepositoryFacts,
        base: Sketch,
        work: ModelWork,
        walk: Walk,
        tried: Tried | None,
    ) -> Conversation:
        from penstock.generation.adapting import Question

        if self._adapting is None:
            message = "A model is asked without one being configured."
            raise RuntimeError(message)
        understood = base.changes.model_dump(mode="json", exclude_defaults=True)
        question: Question = Question(command.intent, facts, base.draft, base.skills, understood, tried)
        return self._adapting.open(question, work.finish, lambda attempt: walk.tell(_event(attempt)))

    async def _spent(self, work: ModelWork, conversation: Conversation, org_id: str) -> None:
        use = conversation.use
        if not use.attempts:
            return
        self._telemetry.observe_model_use(org_id, use)
        await self._keep_spent(work, use)

    async def _keep_spent(self, work: ModelWork, use: ModelUse) -> None:
        if work.spent is None:
            return
        try:
            await work.spent(use)
        except PenstockError as problem:
            self._telemetry.log("model.usage_lost", level="error", reason=problem.message, micro_usd=use.micro_usd)

    def _fallen_back(self, command: GeneratePipeline, problem: Exception, use: ModelUse) -> Adapted:
        """Return templates where the request takes them for this failure. Raises what it is otherwise."""
        reason = str(getattr(problem, "reason", "output"))
        fallback = command.options.fallback
        self._telemetry.log("model.unavailable", level="warning", reason=reason, detail=str(problem), fallback=fallback)
        if fallback == "on_any_failure" or (fallback == "on_breaker_open" and reason == "breaker_open"):
            self._telemetry.count_degraded(reason)
            return Adapted(None, "template", use if use.attempts else None, _words(reason))
        raise _problem(problem, reason, use) from problem


def _problem(problem: Exception, reason: str, use: ModelUse) -> PenstockError:
    attempts = len(use.attempts)
    if reason == "output":
        reasons = [str(each) for each in getattr(problem, "reasons", ())][:20]
        message = f"The model's answers could not be made into a pipeline: {'; '.join(reasons)[:600]}"
        return OutputUnusable(message, reasons=reasons, attempts=attempts)
    if reason == FailureKind.BAD_REQUEST.value:
        return PenstockError("The model refused the question itself, which is a fault of Penstock.", attempts=attempts)
    message = f"AI service unavailable: {_words(reason)}. {problem}"
    wait = getattr(problem, "retry_after_s", None)
    return GenerationUnavailable(
        message, next_steps=_NEXT.get(reason), reason=reason, attempts=attempts, retry_after_s=wait
    )


def _words(reason: str) -> str:
    return _WORDS.get(reason, f"it failed ({reason})")


def _kept(draft: Mapping[str, Any] | None) -> tuple[Changes, ModelUse] | None:
    """Return what an earlier request had paid for; None when there is nothing, or nothing that can be read."""
    if draft is None:
        return None
    try:
        changes = Changes.model_validate(draft["changes"])
    except (KeyError, ValidationError):
        return None
    return changes, ModelUse(str(draft.get("model") or "unknown"), (), from_draft=True)


def _event(attempt: ModelAttempt) -> StageEvent:
    outcome = "ok" if attempt.outcome == "ok" else "failed"
    detail = f"{attempt.model}: {attempt.outcome}"
    if attempt.usage.output_tokens:
        detail += f", {attempt.usage.input_tokens} + {attempt.usage.output_tokens} tokens"
    return StageEvent("attempt", outcome, attempt.ms, detail)
