"""Steps that are the organisation's: what a sentence may ask of them is more of the same, and never less."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.domain.changes import StepChange
from penstock.domain.spec import Step
from penstock.generation.change_view import View

_KINDS = frozenset({"scan", "sbom", "verify", "release", "image"})
_SOURCE = "source"
STAYS = "scans, provenance, bill of materials, release and approval are the organisation's and stay"


def is_organisations(step: Step) -> bool:
    """Whether a drafted step is one that no answer of a model may take out or rewrite."""
    return step.kind in _KINDS or step.id == _SOURCE


def removed(view: View) -> Iterator[str]:
    """Yield a problem for each of them that is taken out."""
    for step in view.steps:
        if step.id not in view.gone or not is_organisations(step):
            continue
        if step.kind in {"image", "release"} or step.id == _SOURCE:
            yield f"remove_steps: the pipeline cannot go without {step.id} ({step.kind}); {STAYS}."
        else:
            yield f"remove_steps: {step.id} ({step.kind}) cannot be taken out; {STAYS}."


def rewritten(view: View, change: StepChange, step: Step) -> Iterator[str]:
    """Yield a problem where a change takes something from one of them: lanes and waits may only be added."""
    if not is_organisations(step):
        return
    fields = {
        "title": change.title not in {None, step.title},
        "script": change.script is not None,
        "env": bool(change.env),
        "secret_env": change.secret_env is not None and set(change.secret_env) != set(step.secret_env),
        "lanes": change.lanes is not None and not set(step.lanes) <= set(change.lanes),
        "after": change.after is not None and not _waits_for_all(view, step),
    }
    taken = [name for name, less in fields.items() if less]
    if taken:
        yield (
            f"change_steps[{change.id}].{taken[0]}: {step.id} ({step.kind}) may get another timeout_s, more lanes and"
            f" more to wait for, and nothing else; {STAYS}."
        )


def _waits_for_all(view: View, step: Step) -> bool:
    """Whether the step still waits, however far back, for everything that it waits for in the draft."""
    drafted = {each.id: set(each.wait_for) for each in view.steps}
    changed = {each.id: each.after for each in view.changes.change_steps if each.after is not None}
    waits = dict(drafted)
    for name, after in changed.items():
        for own in view.matching(name, added=False):
            service = next(each.service for each in view.steps if each.id == own)
            waits[own] = {found for wanted in after for found in view.matching(wanted, service)}
    for add in view.changes.add_steps:
        waits[add.id] = {found for wanted in add.after for found in view.matching(wanted, add.service)}
        if not add.after and "release" in add.lanes and add.kind not in {"verify", "notify"}:
            waits[add.id] |= {
                each.id for each in view.steps if "release" in each.lanes and _judges(each)
            }  # as a step that does not say what it waits for is placed
    reached: set[str] = set()
    open_ones = list(waits[step.id])
    while open_ones:
        one = open_ones.pop()
        if one not in reached:
            reached.add(one)
            open_ones += waits.get(one, ())
    return drafted[step.id] <= reached


def _judges(step: Step) -> bool:
    return step.kind in {"verify", "scan"} or step.id == _SOURCE
