"""Changes of what starts the lanes."""

from __future__ import annotations

from penstock.domain.changes import Changes, TriggerAdd
from penstock.domain.spec import Lane, Trigger
from penstock.generation.changed import Changed, by
from penstock.generation.words import fitted, label

_MAX_NAME = 40
"""With the pipeline's name before it, a trigger has 63 characters."""


def with_triggers(changed: Changed, changes: Changes) -> None:
    """Take triggers out, add others, and see to it that nothing scheduled is left without a start."""
    spec = changed.spec
    left = [trigger for trigger in spec.triggers if trigger.name not in set(changes.remove_triggers)]
    branch = changes.release_branch if "release_branch" not in changed.lost else None
    found = [
        each.model_copy(update={"origin": by(changed.origin("release_branch"), each.origin)})
        if branch is not None and each.branch == branch
        else each
        for each in left
    ]
    main = next((each.branch for each in spec.triggers if each.branch), None)
    for index, add in enumerate(changes.add_triggers):
        added = _added(changed, index, add, main, {each.name for each in found})
        if all(_start(each) != _start(added) for each in found):
            found.append(added)
    scheduled = any("scheduled" in step.lanes for step in changed.spec.steps)
    if scheduled and all(each.lane != "scheduled" for each in found):
        origin = changed.origin("add_triggers")
        found.append(Trigger(name="scheduled", event="manual", lane="scheduled", branch=main, origin=origin))
        changed.ask("When do the scheduled steps run? Until a time is named, somebody starts them by hand.")
    if tuple(found) != spec.triggers:
        changed.set(triggers=tuple(found))
    _say_what_nothing_starts(changed, [each.lane for each in spec.triggers], [each.lane for each in found])


def _added(changed: Changed, index: int, add: TriggerAdd, main: str | None, taken: set[str]) -> Trigger:
    branch = add.branch if add.event == "tag" or add.branch is not None else main
    about = {"schedule": "", "tag": "", "manual": "by-hand"}.get(add.event, branch or "any")
    stem = {"schedule": f"{add.lane}-scheduled" if add.lane != "scheduled" else "scheduled", "tag": f"{add.lane}-tag"}
    wanted = fitted(label(stem.get(add.event, f"{add.lane}-{about}")), _MAX_NAME)
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return Trigger(
        name=name,
        event=add.event,
        lane=add.lane,
        branch=None if add.event == "tag" else branch,
        tag=add.tag if add.event == "tag" else None,
        schedule=add.schedule if add.event == "schedule" else None,
        origin=changed.origin(f"add_triggers[{index}]"),
    )


def _start(trigger: Trigger) -> tuple[object, ...]:
    return trigger.event, trigger.lane, trigger.branch, trigger.tag, trigger.schedule


def _say_what_nothing_starts(changed: Changed, before: list[Lane], after: list[Lane]) -> None:
    words = {"check": "checks pull requests", "main": "tests, builds and pushes", "release": "releases an image"}
    for lane in dict.fromkeys(before):
        if lane not in after:
            changed.decide("remove_triggers", f"Nothing starts the build that {words.get(lane, lane)} any more.")
