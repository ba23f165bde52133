"""Repairs that need no model. Which rule has which is said beside the rule (METADATA ``custom.fixer``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from penstock.domain.facts import RepositoryFacts
from penstock.domain.policy import Violation
from penstock.domain.spec import Origin, PipelineSpec, SecretRef, ServiceSpec, Step
from penstock.generation.builders import builder_of
from penstock.generation.nodes import Behind, Key, grafted
from penstock.generation.running import secret_name
from penstock.generation.step_graph import ordered

_GUARDS = frozenset({"scan", "sbom", "verify"})


@dataclass(frozen=True)
class Case:
    """One violation with the node behind it, and what a fixer may look at."""

    spec: PipelineSpec
    draft: PipelineSpec
    facts: RepositoryFacts
    violation: Violation
    behind: Behind
    key: Key

    @property
    def origin(self) -> Origin:
        """Where the changed node comes from: the rule that asked for it.

        Its message is left out: files quote origins, and one that speaks of a password reads as one there.
        """
        return Origin(kind="policy", ref=self.violation.rule, because=("refused otherwise",))

    @property
    def step(self) -> Step | None:
        """The step behind the violation."""
        return next((step for step in self.spec.steps if self.key == ("step", step.id)), None)

    @property
    def service(self) -> ServiceSpec | None:
        """The service behind the violation."""
        return next((each for each in self.spec.services if self.key == ("service", each.name)), None)


Fixed = tuple[PipelineSpec, str]
"""The pipeline with the repair, and what was done in words."""
Fixer = Callable[[Case], Fixed | None]


def fixed(
    behind: Behind,
    draft: PipelineSpec,
    facts: RepositoryFacts,
    violations: Sequence[Violation],
    fixers: Mapping[str, str],
) -> tuple[PipelineSpec, list[tuple[Violation, str]]]:
    """Return the pipeline with every repair that a fixer knows, and what each did. ``fixers``: rule id -> fixer."""
    spec, done = behind.spec, []
    for violation in violations:
        fixer = FIXERS.get(fixers.get(violation.rule, ""))
        if fixer is None:
            continue
        for key in sorted(behind.keys(violation)) or [("pipeline", "")]:
            try:
                repaired = fixer(Case(spec, draft, facts, violation, behind, key))
            except ValidationError:
                continue
            if repaired is not None and repaired[0] != spec:
                spec = repaired[0]
                done.append((violation, repaired[1]))
    return spec, done


def approve(case: Case) -> Fixed | None:
    """Ask for an approval where one is missing."""
    kind, name = case.key
    if kind != "environment":
        return None
    environments = tuple(
        each.model_copy(update={"require_approval": True, "origin": case.origin}) if each.name == name else each
        for each in case.spec.environments
    )
    return case.spec.model_copy(update={"environments": environments}), f"{name} needs an approval again"


def pin(case: Case) -> Fixed | None:
    """Run a step in the pinned image of its service's own steps."""
    step = case.step
    if step is None:
        return None
    builder = builder_of(case.draft, case.facts, step.service)
    if builder is None or builder.image == step.image:
        return None
    what = f"the step {step.id} runs in {builder.image} instead of {step.image}"
    return _with_step(case, step, {"image": builder.image}), what


def by_name(case: Case) -> Fixed | None:
    """Move a literal of a variable to Secret Manager: the name stays, the value goes."""
    name = _variable(case)
    if name is None:
        return None
    step, service = case.step, case.service
    if step is not None and name in step.env:
        lanes = tuple(each for each in step.lanes if each != "check")
        if not lanes:  # the lane check runs code that nobody has reviewed: no secret goes there
            return None
        env = {each: value for each, value in step.env.items() if each != name}
        secret_env = tuple(dict.fromkeys([*step.secret_env, name]))
        spec = _with_step(case, step, {"env": env, "secret_env": secret_env, "lanes": lanes})
        owner = step.service or spec.services[0].name
        return _with_secret(spec, owner, name, "build", case.origin), _moved(name, f"the step {step.id}")
    if service is not None and any(each.name == name for each in service.env):
        left = tuple(each for each in service.env if each.name != name)
        services = tuple(
            each.model_copy(update={"env": left}) if each.name == service.name else each for each in case.spec.services
        )
        spec = case.spec.model_copy(update={"services": services})
        return _with_secret(spec, service.name, name, "runtime", case.origin), _moved(name, service.name)
    return None


def restore(case: Case) -> Fixed | None:
    """Put the scans of the skills back, each where it was, and let the step behind the violation wait for them."""
    theirs = {step.id: step for step in case.draft.steps if step.kind in _GUARDS}
    present = {step.id: step for step in case.spec.steps}
    drafted = {step.id: step.wait_for for step in case.draft.steps}
    gone = {name for name, step in theirs.items() if present.get(name) != step}
    early = case.step
    missed = {each for each in drafted.get(early.id, ()) if each in theirs} - {*early.wait_for} if early else set()
    if not gone and not missed:
        return None
    whole = {**present, **theirs}
    again = []
    for step in whole.values():
        back = gone | missed if early is not None and step.id == early.id else gone
        waits = [*step.wait_for, *(each for each in drafted.get(step.id, ()) if each in back)]
        kept = tuple(each for each in dict.fromkeys(waits) if each in whole)
        again.append(step if kept == step.wait_for else step.model_copy(update={"wait_for": kept}))
    place = {step.id: at for at, step in enumerate(case.draft.steps)}
    again.sort(key=lambda step: place.get(step.id, len(place)))
    spec = PipelineSpec(**{**_parts(case.spec), "steps": tuple(ordered(again))})
    done = [f"{', '.join(sorted(gone))} put back"] if gone else []
    if early is not None and missed - gone:
        done.append(f"{early.id} waits for {', '.join(sorted(missed - gone))} again")
    return spec, ", ".join(done)


def leave_out(case: Case) -> Fixed | None:
    """Leave out a further file that may not be written."""
    kind, path = case.key
    if kind != "extra_file":
        return None
    files = tuple(each for each in case.spec.extra_files if each.path != path)
    return case.spec.model_copy(update={"extra_files": files}), f"{path} left out"


def leave_step_out(case: Case) -> Fixed | None:
    """Leave out a step that changes added; what waits for it waits for what it waited for."""
    step = case.step
    if step is None or any(each.id == step.id for each in case.draft.steps):
        return None
    spec = grafted(case.spec, _without(case.spec, step), frozenset({case.key}))
    return spec, f"the step {step.id} left out"


FIXERS: Mapping[str, Fixer] = {
    "approve": approve,
    "pin": pin,
    "by_name": by_name,
    "restore": restore,
    "leave_out": leave_out,
    "leave_step_out": leave_step_out,
}
"""By the name that METADATA uses."""


def _variable(case: Case) -> str | None:
    """Return the name of the variable that the violation points at."""
    value, holder = case.behind.value(case.violation), case.behind.parent(case.violation)
    if isinstance(holder, list) and isinstance(value, str) and "=" in value:  # NAME=value, as in a step's env
        return value.partition("=")[0]
    for each in (value, holder):
        if isinstance(each, Mapping) and isinstance(each.get("name"), str):
            return str(each["name"])
    return None


def _moved(name: str, whose: str) -> str:
    return f"{name} of {whose} comes from Secret Manager; its value is in no file"


def _without(spec: PipelineSpec, step: Step) -> PipelineSpec:
    return spec.model_copy(update={"steps": tuple(each for each in spec.steps if each.id != step.id)})


def _with_step(case: Case, step: Step, fields: dict[str, Any]) -> PipelineSpec:
    values = {name: getattr(step, name) for name in Step.model_fields}
    changed = Step(**{**values, **fields, "origin": case.origin})
    steps = tuple(changed if each.id == step.id else each for each in case.spec.steps)
    return case.spec.model_copy(update={"steps": steps})


def _with_secret(
    spec: PipelineSpec, owner: str, env: str, at: Literal["build", "runtime"], origin: Origin
) -> PipelineSpec:
    """Give a service a secret, unless it (for a build: anybody) has it already."""
    holders = spec.services if at == "build" else [each for each in spec.services if each.name == owner]
    if any(secret.env == env and secret.at == at for each in holders for secret in each.secrets):
        return spec
    secret = SecretRef(
        env=env, secret=secret_name(owner, env), at="build" if at == "build" else "runtime", origin=origin
    )
    services = tuple(
        each.model_copy(update={"secrets": (*each.secrets, secret)}) if each.name == owner else each
        for each in spec.services
    )
    return spec.model_copy(update={"services": services})


def _parts(spec: PipelineSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in PipelineSpec.model_fields}
