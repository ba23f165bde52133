"""The steps of the build: made from the skills' rules, named, put in order, and told what to wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from penstock.domain.spec import Step
from penstock.generation.composing import Composition, Part
from penstock.generation.images import ImageView
from penstock.generation.problems import in_words
from penstock.generation.rules import StepRule
from penstock.generation.views import Service
from penstock.generation.words import fitted

_MAX_ID = 63
_LANES = ("check", "main", "release", "scheduled")
"""In the order people read them; steps of the first lane come first where nothing else orders them."""
_KIND = "kind:"


@dataclass(frozen=True)
class _Planned:
    """A step before its waits are known. ``key`` is the id as the skill wrote it."""

    key: str
    part: Part
    rule: StepRule
    service: Service | None
    step: Step

    @property
    def place(self) -> str:
        return f"steps[{self.key}]"


def steps_of(composition: Composition, images: Mapping[str, ImageView]) -> tuple[Step, ...]:
    """Return every step, earlier ones first. ``images`` are by service. Raises InvalidConfiguration."""
    planned = [each for part in composition.parts for each in _planned(part, images)]
    planned.sort(key=lambda each: min(_LANES.index(lane) for lane in each.step.lanes))
    waits = [_waits(each, planned) for each in planned]
    order = _ordered(planned, waits)
    position = {index: at for at, index in enumerate(order)}
    return tuple(
        planned[index].step.model_copy(
            update={"wait_for": tuple(planned[each].step.id for each in sorted(waits[index], key=position.__getitem__))}
        )
        for index in order
    )


def _planned(part: Part, images: Mapping[str, ImageView]) -> Iterator[_Planned]:
    several = len(part.whole.named.services) > 1
    for rule in part.rules.steps:
        if rule.per == "pipeline":
            yield from _made(part, rule, None, part.names(), rule.id)
            continue
        for service in part.services():
            step_id = fitted(f"{service.name}-{rule.id}", _MAX_ID) if several else rule.id
            yield from _made(part, rule, service, part.names(service, image=images[service.name]), step_id)


def _made(
    part: Part, rule: StepRule, service: Service | None, names: Mapping[str, Any], step_id: str
) -> Iterator[_Planned]:
    place = f"steps[{rule.id}]"
    if not part.holds(place, rule.when, names):
        return
    fields = ("title", "image", "entrypoint", "args", "script", "dir", "env", "secret_env", "timeout_s")
    given = {key: part.value(f"{place}.{key}", getattr(rule, key), names) for key in fields}
    given["args"] = [str(each) for each in given["args"] or ()]
    given["env"] = {key: str(value) for key, value in given["env"].items() if value is not None}
    try:
        step = Step(
            **given,
            id=step_id,
            kind=rule.kind,
            lanes=rule.lanes,
            service=service.name if service else None,
            automap_substitutions=rule.automap_substitutions,
            origin=part.origin(place, rule.because, service),
        )
    except ValidationError as problem:
        raise part.broken(place, in_words(problem)) from problem
    yield _Planned(rule.id, part, rule, service, step)


def _waits(waiting: _Planned, planned: Sequence[_Planned]) -> set[int]:
    """Return which steps one waits for: of its own service and of the pipeline; of all, when it is the pipeline's."""
    found: set[int] = set()
    for wanted in waiting.rule.after:
        for index, other in enumerate(planned):
            if other is waiting or not _is(other, wanted):
                continue
            theirs = waiting.service is None or other.service is None or other.service == waiting.service
            if theirs and set(other.step.lanes) & set(waiting.step.lanes):
                found.add(index)
    return found


def _is(step: _Planned, wanted: str) -> bool:
    return step.step.kind == wanted.removeprefix(_KIND) if wanted.startswith(_KIND) else step.key == wanted


def _ordered(planned: Sequence[_Planned], waits: Sequence[set[int]]) -> list[int]:
    """Return the steps in an order where each stands behind what it waits for, else as the skills gave them."""
    order: list[int] = []
    left = list(range(len(planned)))
    while left:
        ready = next((index for index in left if waits[index] <= set(order)), None)
        if ready is None:
            stuck = planned[left[0]]
            ids = ", ".join(sorted(planned[index].step.id for index in left)[:5])
            raise stuck.part.broken(stuck.place, f"its after goes round in a circle with others ({ids})")
        order.append(ready)
        left.remove(ready)
    return order
