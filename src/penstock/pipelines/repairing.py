"""Bounded repair of what the gate refused: fixers first, then the model, each time only behind the violations.

Everything is rendered and judged anew after each round; what no repair mends is refused with every violation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from penstock.domain.changes import Changes
from penstock.domain.pipelines import Repair
from penstock.domain.spec import PipelineSpec
from penstock.errors import InvalidRequest, PenstockError

if TYPE_CHECKING:
    from penstock.domain.facts import RepositoryFacts
    from penstock.domain.policy import Violation
    from penstock.generation.nodes import Behind, Key
    from penstock.pipelines.adaptation import Adapted
    from penstock.pipelines.planning import Made
    from penstock.pipelines.sketching import Sketch
    from penstock.telemetry.service import Telemetry

_ROUNDS = 3
"""Rounds of fixers: one repair may uncover another violation."""
_MOST_QUOTED = 20


@dataclass(frozen=True)
class Remaking:
    """How one request's files are made again."""

    facts: RepositoryFacts
    sketch: Sketch
    adapted: Adapted
    remake: Callable[[PipelineSpec], Awaitable[Made]]
    resketch: Callable[[Changes], Awaitable[Sketch]]
    in_time: Callable[[], bool] = lambda: True
    """Whether there is time for one more verdict."""


@dataclass(frozen=True)
class Repairing:
    """Repairs plans. ``catalogue``: rule id -> what the policies say of it, its fixer included."""

    catalogue: Mapping[str, Mapping[str, Any]]
    telemetry: Telemetry
    model_repairs: int = 2
    fixers: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        found = {rule: str(about["fixer"]) for rule, about in self.catalogue.items() if about.get("fixer")}
        object.__setattr__(self, "fixers", found)

    async def repaired(self, made: Made, remaking: Remaking) -> tuple[Made, tuple[Repair, ...]]:
        """Return the files repaired and judged anew, and what was repaired; as they were when nothing helps."""
        made, repairs = await self._by_fixers(made, remaking)
        changes = remaking.sketch.changes
        for _ in range(self.model_repairs):
            if made.decision.allow or remaking.adapted.mode != "ai" or not remaking.in_time():
                break
            answer = await self._by_model(made, changes, remaking)
            if answer is None:
                break
            made, changes, more = answer
            repairs += more
            made, more = await self._by_fixers(made, remaking)
            repairs += more
        return made, tuple(repairs)

    async def _by_fixers(self, made: Made, remaking: Remaking) -> tuple[Made, list[Repair]]:
        from penstock.generation.fixers import fixed
        from penstock.generation.nodes import Behind

        repairs: list[Repair] = []
        for _ in range(_ROUNDS):
            if made.decision.allow or not remaking.in_time():
                break
            behind = Behind(made.spec, made.artifacts)
            spec, done = fixed(behind, remaking.sketch.draft, remaking.facts, made.decision.violations, self.fixers)
            if not done:
                break
            try:
                before, made = made, await remaking.remake(spec)
            except (InvalidRequest, ValidationError) as problem:
                self.telemetry.log("repair.fixers_failed", level="warning", reason=str(problem)[:300])
                break
            repairs += [Repair(each.rule, each.file, what, "fixer", _why(each)) for each, what in done]
            told = {(each.rule, each.file) for each, _ in done}
            mended = [each for each in _mended(before, made) if (each.rule, each.file) not in told]
            words = "mended by the other repairs"
            repairs += [Repair(each.rule, each.file, words, "fixer", _why(each)) for each in mended]
        return made, repairs

    async def _by_model(
        self, made: Made, changes: Changes, remaking: Remaking
    ) -> tuple[Made, Changes, list[Repair]] | None:
        """Let the model repair the nodes behind the violations; None when it cannot, or makes nothing of it."""
        from penstock.generation.adapting import AnswerUnusable, ModelRefused
        from penstock.generation.attempts import ModelUnavailable
        from penstock.generation.nodes import Behind, grafted

        conversation = remaking.adapted.conversation
        behind = Behind(made.spec, made.artifacts)
        keys = frozenset(key for each in made.decision.violations for key in behind.keys(each))
        if conversation is None or not keys:
            return None
        try:
            answer = await conversation.repair(changes, _objection(made.decision.violations, behind, keys))
            sketch = await remaking.resketch(answer)
            spec = grafted(made.spec, sketch.spec, keys)
            if spec == made.spec:
                return None
            again = await remaking.remake(spec)
        except (ModelUnavailable, AnswerUnusable, ModelRefused, PenstockError, ValidationError) as problem:
            self.telemetry.log("repair.model_failed", level="warning", reason=str(problem)[:300])
            return None
        model, what = conversation.use.model, _touched(keys, again.spec)
        repairs = [Repair(each.rule, each.file, what, model, _why(each)) for each in _mended(made, again)]
        return again, answer, repairs


def _mended(before: Made, after: Made) -> list[Violation]:
    """Return what was refused before and is not any more, the first of each rule in a file."""
    left = {(each.rule, each.file) for each in after.decision.violations}
    found: dict[tuple[str, str], Violation] = {}
    for each in before.decision.violations:
        if (each.rule, each.file) not in left:
            found.setdefault((each.rule, each.file), each)
    return [found[place] for place in sorted(found)]


def _touched(keys: frozenset[Key], spec: PipelineSpec) -> str:
    """Say which nodes the model changed, and which it left out."""
    there = {("step", step.id) for step in spec.steps} | {("extra_file", file.path) for file in spec.extra_files}
    gone = {key for key in keys if key[0] in {"step", "extra_file"} and key not in there}
    parts = ((sorted(keys - gone), "changed"), (sorted(gone), "left out"))
    return ", ".join(
        f"{', '.join(f'{kind} {name}'.strip() for kind, name in nodes)} {word}" for nodes, word in parts if nodes
    )


def _why(violation: Violation) -> str:
    said = violation.message.rstrip(".")
    return f"{said}. {violation.remediation}".strip()


def _objection(violations: tuple[Violation, ...], behind: Behind, keys: frozenset[Key]) -> str:
    """Return what the model is told: every violation with its remediation, and what it may touch."""
    lines = ["The policy gate refused the files made from that answer:"]
    for each in violations[:_MOST_QUOTED]:
        nodes = ", ".join(f"{kind} {name}".strip() for kind, name in sorted(behind.keys(each))) or "the pipeline"
        lines.append(f"- {each.rule} in {each.file}:{each.line} ({nodes}): {each.message} To do: {each.remediation}")
    allowed = ", ".join(f"{kind} {name}".strip() for kind, name in sorted(keys))
    lines.append(
        f"Answer again with the whole JSON document. Change only: {allowed}. Everything else is kept as it is."
    )
    return "\n".join(lines)
