"""What is wrong with what changes say about steps: their names, images, secrets, tasks and order."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence

from penstock.domain.changes import StepAdd, StepChange
from penstock.generation.allowed_commands import Allowed
from penstock.generation.builders import builder_of
from penstock.generation.change_view import View, says_secret
from penstock.generation.named_tasks import unknown_tasks
from penstock.generation.organisation_steps import is_organisations, removed, rewritten
from penstock.generation.risky_variables import is_risky
from penstock.generation.step_graph import circle
from penstock.generation.words import listed, shown

_MOST_STEPS = 290
_NEEDED = frozenset({"image", "release"})
"""Kinds of steps that others cannot go without."""
_TAGGED = re.compile(r"[a-z0-9][a-z0-9._/-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?")
_FLOATING = frozenset({"latest", "stable", "edge", "main", "master", "nightly"})


def step_problems(view: View) -> Iterator[str]:
    """Yield what is wrong with the steps by themselves; graph_problems has what is wrong with their order."""
    yield from _removed(view)
    yield from _ids(view)
    for add in view.changes.add_steps:
        yield from _added(view, add)
    for change in view.changes.change_steps:
        found = [step for step in view.matching(change.id, added=False) if step not in view.gone]
        if not found:
            left = [step.id for step in view.steps if step.id not in view.gone]
            yield _no_step("change_steps", change.id, left)
        yield from _changed(view, change, found)


def _removed(view: View) -> Iterator[str]:
    ids = [step.id for step in view.steps]
    for wanted in view.changes.remove_steps:
        if not view.matching(wanted, added=False):
            yield _no_step("remove_steps", wanted, ids)
    yield from removed(view)


def _ids(view: View) -> Iterator[str]:
    new = [each.id for each in view.changes.add_steps]
    left = {step.id for step in view.steps} - view.gone
    for name in dict.fromkeys(new):
        if name in left or new.count(name) > 1:
            yield f"add_steps: the id {name} is taken; choose another, or change that step in change_steps."
    if len(left) + len(new) > _MOST_STEPS:
        yield f"add_steps: a pipeline takes {_MOST_STEPS} steps, and {len(left) + len(new)} are too many."


def _no_step(place: str, wanted: str, ids: list[str]) -> str:
    return f"{place}: there is no step {wanted}; there are {listed(ids, 40)}."


def _added(view: View, add: StepAdd) -> Iterator[str]:
    place = f"add_steps[{add.id}]"
    if add.service is not None and add.service not in view.services:
        yield f"{place}.service: there is no service {add.service}; there are {listed(view.services)}."
        return
    owner = add.service or (view.services[0] if len(view.services) == 1 else None)
    yield from _secrets_of_step(view, place, add.secret_env, add.lanes, add.env)
    if add.image is not None:
        yield from _image(view, f"{place}.image", add.image)
    elif builder_of(view.spec, view.facts, owner) is None:
        yield f"{place}.image: {owner or 'the pipeline'} has no step whose image could be used; name an image."
    yield from _script(view, place, add.script, owner, secret=bool(add.secret_env))


def _script(view: View, place: str, script: str, owner: str | None, *, secret: bool, former: str = "") -> Iterator[str]:
    services = view.with_tasks(owner)
    yield from unknown_tasks(f"{place}.script", script, services)
    yield from Allowed(services, view.intent, former, secret).problems(f"{place}.script", script)


def _changed(view: View, change: StepChange, found: list[str]) -> Iterator[str]:
    place = f"change_steps[{change.id}]"
    steps = [step for step in view.steps if step.id in found]
    for step in steps:
        lanes = change.lanes or step.lanes
        secrets = step.secret_env if change.secret_env is None else change.secret_env
        yield from _secrets_of_step(view, place, secrets, lanes, change.env or {})
        yield from rewritten(view, change, step)
        fixed = {"image": {"check", "main"}, "release": {"release"}}.get(step.kind)
        if fixed is not None and change.lanes is not None and not set(lanes) <= fixed:
            yield f"{place}.lanes: {step.id} ({step.kind}) belongs to {listed(sorted(fixed))}."
        if step.kind in _NEEDED and change.lanes is not None and not set(step.lanes) <= set(lanes) | {"check"}:
            yield f"{place}.lanes: the pipeline cannot go without {step.id} in {listed(sorted(step.lanes))}."
        if change.script is not None and not is_organisations(step):
            former = step.script or ""
            yield from _script(view, place, change.script, step.service, secret=bool(secrets), former=former)


def _secrets_of_step(
    view: View, place: str, secrets: tuple[str, ...], lanes: Sequence[str], env: Mapping[str, str]
) -> Iterator[str]:
    for name in secrets:
        yield from view.secret_problems(f"{place}.secret_env", name)
        if is_risky(name):
            yield f"{place}.secret_env: {name} decides what programs run, load or trust; leave it out."
    if secrets and "check" in lanes:
        yield (
            f"{place}: it reads {listed(list(secrets))}, and the lane check runs code that nobody has reviewed, without"
            " secrets; leave check out of its lanes."
        )
    for name in env:
        if name in secrets or says_secret(name):
            yield f"{place}.env: {name} is a secret by its name; name it in secret_env, without a value."
        elif is_risky(name):
            yield f"{place}.env: {name} decides what programs run, load or trust, and stays as it is; leave it out."


def _image(view: View, place: str, image: str) -> Iterator[str]:
    used = {step.image for step in view.steps}
    if image in used or image in view.images:
        return
    if not _TAGGED.fullmatch(image):
        yield f"{place}: {shown(image)} is no image; leave image out to run in the image of the service's own steps."
        return
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    if "@" not in image and (not tag or tag in _FLOATING):
        yield f"{place}: {image} names no version; add its tag, or leave image out."


def graph_problems(view: View) -> Iterator[str]:
    """Yield what is wrong with the order: waits for nothing, for itself, or in a circle."""
    changes = view.changes
    waits = {step.id: {*step.wait_for} - view.gone for step in view.steps if step.id not in view.gone}
    ids = [*waits, *(each.id for each in changes.add_steps)]
    for add in changes.add_steps:
        found = yield from _waits(view, f"add_steps[{add.id}].after", add.after, add.service, ids)
        waits[add.id] = found
    for change in changes.change_steps:
        if change.after is not None:
            for step in view.matching(change.id, added=False):
                if step not in view.gone:
                    service = next(each.service for each in view.steps if each.id == step)
                    place = f"change_steps[{change.id}].after"
                    waits[step] = yield from _waits(view, place, change.after, service, ids)
    stuck = circle(waits)
    if stuck:
        yield f"after: {listed(stuck)} wait for each other in a circle, for themselves, or for a step that does."


def _waits(
    view: View, place: str, after: Sequence[str], service: str | None, ids: list[str]
) -> Generator[str, None, set[str]]:
    """Return what a step would wait for; yield a problem for what is not there."""
    found: set[str] = set()
    for wanted in after:
        meant = set(view.matching(wanted, service)) - view.gone
        if not meant:
            yield _no_step(place, wanted, ids)
        found |= meant
    return found
