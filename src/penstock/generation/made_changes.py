"""The changes that count: what was asked for, as the files have it once the gate's repairs are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.domain.changes import (
    Changes,
    EnvChange,
    EnvironmentChange,
    SecretChange,
    ServiceChange,
    StepAdd,
    StepChange,
)
from penstock.domain.spec import PipelineSpec, ServiceSpec, Step

_STEP = ("title", "lanes", "script", "image", "secret_env", "timeout_s")
_ENVIRONMENT = ("production", "require_approval", "verify", "canary", "min_instances", "max_instances")
_RUNTIME = ("port", "health_path", "cpu", "memory", "min_instances", "max_instances", "concurrency", "public")


def as_made(changes: Changes, before: PipelineSpec, after: PipelineSpec) -> Changes:
    """Return ``changes``, which made ``before``, with what was repaired as ``after`` has it; what is gone is left out.

    Only what a repair touched is told anew; what the model or the sentence said of everything else stays word for word.
    """
    if before == after:
        return changes
    was, now = ({step.id: step for step in spec.steps} for spec in (before, after))
    files = {file.path: file.content for file in after.extra_files}
    former = {file.path for file in before.extra_files}
    fields: dict[str, Any] = {
        "add_steps": [_step(each, was.get(each.id), now[each.id]) for each in changes.add_steps if each.id in now],
        "change_steps": [
            _step(each, was.get(each.id), now[each.id]) for each in changes.change_steps if each.id in now
        ],
        "remove_steps": [each for each in changes.remove_steps if each not in now],
        "extra_files": [
            each.model_copy(update={"content": files[each.path]}) if each.path in files else each
            for each in changes.extra_files
            if each.path in files or each.path not in former
        ],
        "notes": [
            *(note for note in changes.notes if note in after.notes or note not in before.notes),
            *(note for note in after.notes if note not in before.notes),
        ],
        "services": _services(changes.services, before.services, after.services),
    }
    if changes.environments is not None:
        fields["environments"] = _environments(changes.environments, before, after)
    return changes.model_copy(update={name: tuple(values) for name, values in fields.items()})


def _step(said: StepAdd | StepChange, was: Step | None, now: Step) -> Any:
    """Return what is said of a step, with the fields that a repair changed."""
    if was is None or was == now:
        return said
    fields = {name: value for name, value in _changed(was, now, _STEP).items() if name in type(said).model_fields}
    if "script" in fields and said.script and was.script and was.script.endswith(said.script):
        fields["script"] = fields["script"].removeprefix(was.script.removesuffix(said.script))  # the image's own lines
    if was.env != now.env:
        told = said.env or {}
        fields["env"] = {name: value for name, value in now.env.items() if name in told or was.env.get(name) != value}
    return said.model_copy(update=fields)


def _environments(
    said: Sequence[EnvironmentChange], before: PipelineSpec, after: PipelineSpec
) -> list[EnvironmentChange]:
    was, now = ({each.name: each for each in spec.environments} for spec in (before, after))
    return [
        each.model_copy(update=_changed(was[each.name], now[each.name], _ENVIRONMENT)) if each.name in was else each
        for each in said
        if each.name in now
    ]


def _services(
    said: Sequence[ServiceChange], before: Sequence[ServiceSpec], after: Sequence[ServiceSpec]
) -> list[ServiceChange]:
    was, now = ({each.name: each for each in specs} for specs in (before, after))
    return [_service(each, was, now) for each in said]


def _service(said: ServiceChange, was: Mapping[str, ServiceSpec], now: Mapping[str, ServiceSpec]) -> ServiceChange:
    """Return what is said of a service; a literal that a repair took away is told by its name alone."""
    if said.name not in was or said.name not in now or was[said.name] == now[said.name]:
        return said
    one, other = was[said.name], now[said.name]
    values = {each.name: each.value for each in other.env}
    known = {(each.env, each.at) for each in one.secrets}
    fields = _changed(one.runtime, other.runtime, _RUNTIME)
    fields["env"] = tuple(
        EnvChange(name=each.name, value=values[each.name]) for each in said.env if each.name in values
    )
    new = [SecretChange(env=each.env, at=each.at) for each in other.secrets if (each.env, each.at) not in known]
    fields["secrets"] = (*said.secrets, *new)
    return said.model_copy(update=fields)


def _changed(was: Any, now: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(now, name) for name in names if getattr(was, name) != getattr(now, name)}
