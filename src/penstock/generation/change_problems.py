"""What is wrong with changes, given the pipeline they shall change: in words that can be quoted back to a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penstock.domain.changes import Changes, ExtraFileAdd, TriggerAdd
from penstock.domain.facts import RepositoryFacts
from penstock.domain.skills import Skill
from penstock.domain.spec import Lane, PipelineSpec
from penstock.generation.builders import pins
from penstock.generation.change_view import View
from penstock.generation.changed_environments import environment_problems
from penstock.generation.cron import cron_problem
from penstock.generation.extra_kinds import kinds_problem
from penstock.generation.extra_paths import path_problem
from penstock.generation.named_values import named_problems
from penstock.generation.organisation_steps import STAYS
from penstock.generation.service_problems import service_problems
from penstock.generation.step_problems import graph_problems, step_problems
from penstock.generation.words import listed, shown

_MOST_BYTES = 64 * 1024
"""Of all scripts and files together."""


def problems_of(
    changes: Changes, spec: PipelineSpec, facts: RepositoryFacts, intent: str, skills: Sequence[Skill] = ()
) -> list[str]:
    """Return what does not fit, each once; none means that apply_changes() can carry it out.

    ``spec`` is the draft that the overlay of the same changes led to. Changes are taken for those of a model: secrets,
    places and people have to stand in the sentence (``intent``), the draft or the facts, a step runs what the
    repository or the sentence has, and the organisation's steps stay. Of ``skills``, a step may name a pinned image by
    its short name.
    """
    view = View(changes, spec, facts, intent, frozenset(pins(skills)))
    found = [
        *service_problems(view),
        *environment_problems(changes, spec),
        *named_problems(view),
        *step_problems(view),
        *graph_problems(view),
        *_triggers(view),
        *_files(view),
    ]
    return list(dict.fromkeys(found))


def _triggers(view: View) -> Iterator[str]:
    changes, spec = view.changes, view.spec
    known = [trigger.name for trigger in spec.triggers]
    for name in changes.remove_triggers:
        if name not in known:
            yield f"remove_triggers: there is no trigger {name}; there are {listed(known)}."
    if set(known) <= set(changes.remove_triggers) and not changes.add_triggers:
        yield "remove_triggers: nothing would start the pipeline any more."
    yield from _unscanned(view)
    lanes = {lane for step in view.steps for lane in step.lanes}
    lanes |= {lane for add in changes.add_steps for lane in add.lanes}
    lanes |= {lane for change in changes.change_steps for lane in change.lanes or ()}
    for index, add in enumerate(changes.add_triggers):
        yield from _trigger(f"add_triggers[{index}]", add, lanes)


def _unscanned(view: View) -> Iterator[str]:
    """Yield a problem for each lane with scans that nothing would start any more."""
    left = {each.lane for each in view.spec.triggers if each.name not in view.changes.remove_triggers}
    left |= {each.lane for each in view.changes.add_triggers}
    for trigger in view.spec.triggers:
        scans = [step.id for step in view.steps if step.kind == "scan" and trigger.lane in step.lanes]
        if trigger.lane not in left and scans:
            yield f"remove_triggers: nothing would start {listed(scans)} (lane {trigger.lane}) any more; {STAYS}."


def _trigger(place: str, add: TriggerAdd, lanes: set[Lane]) -> Iterator[str]:
    if add.event == "schedule" and add.schedule is None:
        yield f"{place}: the event schedule needs a schedule, five fields of cron in UTC."
    never = cron_problem(add.schedule) if add.schedule is not None else None
    if never is not None:
        yield f"{place}.schedule: {never}."
    for field in ("schedule", "tag"):
        if add.event != field and getattr(add, field) is not None:
            yield f"{place}: {field} goes with the event {field} alone, not with {add.event}."
    if add.lane == "release":
        yield f"{place}: the lane release starts when an image was pushed, and by nothing else."
    elif add.lane not in lanes:
        yield f"{place}: the lane {add.lane} has no step; add one to it, or put steps there (change_steps, lanes)."
    elif add.event == "pull_request" and add.lane != "check":
        yield f"{place}: a pull request starts the lane check only; its code is not reviewed yet."


def _files(view: View) -> Iterator[str]:
    changes = view.changes
    taken: dict[str, str] = {}
    for file in changes.extra_files:
        problem = _file_problem(file, taken)
        if problem is not None:
            yield f"extra_files: {shown(file.path)} cannot be written: {problem}."
        taken[file.path.casefold()] = file.path
    texts = [*(each.script for each in changes.add_steps), *(each.script or "" for each in changes.change_steps)]
    texts += [file.content for file in changes.extra_files]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    if size > _MOST_BYTES:
        yield f"Scripts and files are {size // 1024} KiB together; {_MOST_BYTES // 1024} KiB are the most."


def _file_problem(file: ExtraFileAdd, taken: dict[str, str]) -> str | None:
    if file.path.casefold() in taken:
        return f"it is the same file as {taken[file.path.casefold()]}"
    if not file.content.strip():
        return "it is empty"
    holds = kinds_problem(file.content) if file.path.endswith((".yaml", ".yml")) else None
    return path_problem(file.path) or holds
