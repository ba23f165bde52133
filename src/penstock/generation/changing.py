"""Changes laid over a drafted pipeline: only what they name becomes another node. Start at apply_changes()."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.skills import Skill
from penstock.domain.spec import Assumption, ExtraFile, Notification, Origin, PipelineSpec
from penstock.generation.changed import Changed, by
from penstock.generation.changed_environments import with_environments
from penstock.generation.changed_services import with_services
from penstock.generation.changed_steps import with_steps
from penstock.generation.changed_triggers import with_triggers
from penstock.generation.overlaying import Explained, Overlay, overlay
from penstock.generation.problems import impossible_spec
from penstock.generation.words import listed

__all__ = ["Overlay", "apply_changes", "overlay"]


def apply_changes(
    spec: PipelineSpec,
    changes: Changes,
    origin: Explained,
    facts: RepositoryFacts,
    skills: Sequence[Skill],
    *,
    laid: Overlay | None = None,
) -> PipelineSpec:
    """Return the draft with the changes; nodes they do not touch are the very same.

    ``origin`` makes the origin of each changed node; ``laid`` is the overlay the draft was made with, so that what the
    request won is left alone. Raises InvalidConfiguration for changes that do not fit (problems_of finds them before).
    """
    changed = Changed(spec, facts, skills, origin, laid.lost if laid else frozenset())
    changed.assume(*(laid.assumptions if laid else ()))
    try:
        _with_place(changed, changes)
        with_services(changed, changes.services)
        with_environments(changed, changes)
        with_steps(changed, changes)
        _ask_who_reads_secrets(changed, changes)
        with_triggers(changed, changes)
        _with_build(changed, changes)
        _with_notifications(changed, changes)
        _with_files(changed, changes)
        _with_words(changed, changes)
        return changed.checked()
    except ValidationError as problem:
        raise impossible_spec(problem) from problem


def _with_place(changed: Changed, changes: Changes) -> None:
    """Set where it runs. Names of images follow the draft, so only an overlay can move those."""
    cloud = changed.spec.cloud
    wanted: dict[str, Any] = {
        field: getattr(changes, field)
        for field in ("region", "project", "cluster")
        if getattr(changes, field) is not None and field not in changed.lost
    }
    if changed.spec.target != "gke":
        wanted.pop("cluster", None)
    if all(getattr(cloud, field) == value for field, value in wanted.items()) and wanted:
        changed.set(cloud=cloud.model_copy(update={"origin": by(changed.origin(next(iter(wanted))), cloud.origin)}))
    decided = changes.target if "target" not in changed.lost else None
    if decided is not None and decided == changed.spec.target:
        changed.set(target_origin=changed.origin("target"))


def _ask_who_reads_secrets(changed: Changed, changes: Changes) -> None:
    read = {env for step in changed.spec.steps for env in step.secret_env}
    for change in changes.services:
        unread = [each.env for each in change.secrets if each.at == "build" and each.env not in read]
        if unread:
            changed.ask(
                f"Which step of {change.name} reads {listed(unread)}? Steps get secrets only by name, and pull requests"
                " get none: add it to secret_env of a step of the main build, or say which step needs it."
            )


_BUILD = {"machine_type": "machine_type", "timeout_s": "build_timeout_s"}
"""Field of the build settings -> field of the changes."""


def _with_build(changed: Changed, changes: Changes) -> None:
    build = changed.spec.build
    wanted: dict[str, Any] = {}
    if changes.machine_type is not None:
        wanted["machine_type"] = changes.machine_type
    if changes.build_timeout_s is not None:
        wanted["timeout_s"] = changes.build_timeout_s
    longest = max((step.timeout_s or 0 for step in changed.spec.steps), default=0)
    if longest > wanted.get("timeout_s", build.timeout_s):
        wanted["timeout_s"] = longest
        text = f"A build may take {longest} seconds, since one of its steps may."
        changed.assume(Assumption(text=text, origin=changed.origin("build_timeout_s")))
    if any(getattr(build, field) != value for field, value in wanted.items()):
        changed.set(build=changed.node(build, _BUILD[next(iter(wanted))], **wanted))


def _with_notifications(changed: Changed, changes: Changes) -> None:
    known = [(each.channel, each.on, each.to) for each in changed.spec.notifications]
    added = [
        Notification(channel=each.channel, on=each.on, to=each.to, origin=changed.origin(f"notifications[{index}]"))
        for index, each in enumerate(changes.notifications)
        if (each.channel, each.on, each.to) not in known
    ]
    if not added:
        return
    changed.set(notifications=(*changed.spec.notifications, *dict.fromkeys(added)))
    changed.ask(
        "Who runs the commands under Notifications in docs/cicd/README.md? Nobody is told of a build before: files"
        " alone cannot set that up."
    )


def _with_files(changed: Changed, changes: Changes) -> None:
    for index, file in enumerate(changes.extra_files):
        origin = changed.origin(f"extra_files[{index}]")
        added = ExtraFile(path=file.path, content=file.content, origin=origin)
        changed.set(extra_files=(*changed.spec.extra_files, added))


def _with_words(changed: Changed, changes: Changes) -> None:
    changed.set(notes=_once([*changed.spec.notes, *changes.notes]))
    for index, text in enumerate(changes.assumptions):
        changed.assume(Assumption(text=text, origin=changed.origin(f"assumptions[{index}]")))
    for index, text in enumerate(changes.not_understood):
        said = f"Nothing was made of: {text.rstrip('.')}. Say it in other words, or change the files by hand."
        changed.assume(Assumption(text=said, origin=changed.origin(f"not_understood[{index}]")))
    changed.ask(*changes.questions)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def origin_of(kind: Literal["intent", "model"], ref: str) -> Explained:
    """Return what makes origins of one kind (``intent`` or ``model``): ``ref`` and the part of the changes."""
    return lambda part: Origin(kind=kind, ref=ref, because=(part,))
