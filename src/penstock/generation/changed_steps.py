"""Changes of the steps: taken out, changed and added, each with its place in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.changes import Changes, StepAdd, StepChange
from penstock.domain.spec import Lane, SecretRef, Step
from penstock.generation.builders import Builder, builder_of, facts_of, opening_of, pins
from penstock.generation.changed import Changed, by
from penstock.generation.problems import refused
from penstock.generation.running import secret_name
from penstock.generation.step_graph import before, ids_of, matching, ordered

_CHECKS = frozenset({"verify", "scan"})
_LANES: tuple[Lane, ...] = ("check", "main", "release", "scheduled")


def with_steps(changed: Changed, changes: Changes) -> None:
    """Take steps out, change and add them. Raises InvalidConfiguration for what does not fit the graph."""
    if not (changes.remove_steps or changes.change_steps or changes.add_steps):
        return
    graph = _Graph(changed, {step.id: step for step in changed.spec.steps})
    for index, wanted in enumerate(changes.remove_steps):
        graph.remove(index, wanted)
    taken = {*graph.steps, *(each.id for each in changes.add_steps)}
    for index, change in enumerate(changes.change_steps):
        graph.change(index, change, taken)
    for index, add in enumerate(changes.add_steps):
        graph.add(index, add, taken)
    graph.bring_installs()
    changed.set(steps=graph.in_order())
    _with_build_secrets(changed)


@dataclass
class _Graph:
    """The steps in their present state, by id."""

    changed: Changed
    steps: dict[str, Step]
    added: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)

    def remove(self, index: int, wanted: str) -> None:
        """Take a step out; what waited for it waits for what it waited for."""
        for gone in self._matching(wanted, ids_of(self.changed.spec)):
            former = self.steps.pop(gone, None)
            if former is None:
                continue
            for step in list(self.steps.values()):
                if gone in step.wait_for:
                    waits = [each for each in step.wait_for if each != gone] + list(former.wait_for)
                    self._put(step, f"remove_steps[{index}]", wait_for=tuple(dict.fromkeys(waits)))

    def change(self, index: int, change: StepChange, taken: Iterable[str]) -> None:
        """Change one step, or the steps of that name of all services."""
        for wanted in self._matching(change.id, self.steps):
            step = self.steps[wanted]
            fields: dict[str, Any] = {
                name: getattr(change, name)
                for name in ("title", "lanes", "secret_env", "timeout_s")
                if getattr(change, name) is not None
            }
            if change.after is not None:
                fields["wait_for"] = self._waits(change.after, step.service, taken)
            if change.env is not None:
                fields["env"] = {**step.env, **change.env}
            if change.script is not None:
                fields |= {"script": self._script(step, change.script), "args": (), "entrypoint": None}
            if any(getattr(step, name) != value for name, value in fields.items()):
                self._put(step, f"change_steps[{index}]", **fields)

    def add(self, index: int, add: StepAdd, taken: Iterable[str]) -> None:
        """Add a step, in the builder of its service unless it names an image."""
        services = [service.name for service in self.changed.spec.services]
        service = add.service or (services[0] if len(services) == 1 else None)
        builder = builder_of(self.changed.spec, self.changed.facts, service)
        if add.image is not None:
            image = pins(self.changed.skills).get(add.image, add.image)
            own = next((each.path for each in self.changed.spec.services if each.name == service), ".")
            builder = Builder(image, own)
        if builder is None:
            raise refused("add_steps", f"The step {add.id} needs an image: {service or 'the pipeline'} builds in none.")
        waits = self._waits(add.after, service, taken) if add.after else tuple(self._usual_waits(add, service))
        self.steps[add.id] = Step(
            id=add.id,
            title=add.title,
            kind=add.kind,
            lanes=tuple(sorted(set(add.lanes), key=_LANES.index)),
            service=service,
            image=builder.image,
            script=builder.script(add.script),
            dir=builder.dir,
            env={**builder.env, **add.env},
            secret_env=add.secret_env,
            wait_for=waits,
            timeout_s=add.timeout_s,
            origin=self.changed.origin(f"add_steps[{index}]"),
        )
        self.added.append(add.id)

    def bring_installs(self) -> None:
        """Put into each lane the installations that its steps wait for: another build has another disk."""
        for step in [self.steps[each] for each in [*self.touched, *self.added] if each in self.steps]:
            for wanted in before(step.id, self.steps):
                needed = self.steps[wanted]
                missing = set(step.lanes) - set(needed.lanes)
                if needed.kind == "install" and missing:
                    lanes = tuple(sorted({*needed.lanes, *missing}, key=_LANES.index))
                    origin = by(step.origin, needed.origin)
                    self.steps[wanted] = needed.model_copy(update={"lanes": lanes, "origin": origin})

    def in_order(self) -> tuple[Step, ...]:
        """Return the steps, the added ones right behind what they wait for."""
        steps = [step for step in self.steps.values() if step.id not in self.added]
        for name in self.added:
            step = self.steps[name]
            at = max((index for index, each in enumerate(steps) if each.id in step.wait_for), default=len(steps) - 1)
            steps.insert(at + 1, step)
        found = ordered(steps)
        position = {step.id: at for at, step in enumerate(found)}
        return tuple(_waiting_in_order(step, position) for step in found)

    def _put(self, step: Step, place: str, **fields: Any) -> None:
        self.steps[step.id] = self.changed.node(step, place, **fields)
        self.touched.append(step.id)

    def _matching(self, wanted: str, known: Iterable[str], service: str | None = None) -> list[str]:
        found = matching(wanted, known, [each.name for each in self.changed.spec.services], service)
        if not found:
            ids = ", ".join(ids_of(self.changed.spec)[:40])
            raise refused("steps", f"There is no step {wanted}; there are {ids}.")
        return found

    def _waits(self, wanted: Iterable[str], service: str | None, taken: Iterable[str]) -> tuple[str, ...]:
        found = [each for name in wanted for each in self._matching(name, taken, service)]
        return tuple(dict.fromkeys(found))

    def _usual_waits(self, add: StepAdd, service: str | None) -> Iterator[str]:
        """Yield what a new step waits for when it does not say: installations; in a release, what judges the digest."""
        releases = "release" in add.lanes
        for step in self.steps.values():
            shared = bool(set(step.lanes) & set(add.lanes))
            own = step.service in (service, None)
            if add.kind == "notify":
                if shared and own and step.kind != "notify":
                    yield step.id
            elif step.kind == "install":
                if own and set(add.lanes) - {"release"}:
                    yield step.id
            elif (
                releases
                and "release" in step.lanes
                and (
                    step.id == "source"
                    or (add.kind == "verify" and step.kind == "release" and own)
                    or (add.kind != "verify" and step.kind in _CHECKS)
                )
            ):
                yield step.id

    def _script(self, step: Step, commands: str) -> str:
        if step.service is None or step.script is None:
            return Builder(step.image, step.dir).script(commands)
        facts = facts_of(self.changed.spec, self.changed.facts, step.service)
        return Builder(step.image, step.dir, opening_of(step, facts)).script(commands)


def _waiting_in_order(step: Step, position: dict[str, int]) -> Step:
    waits = tuple(sorted((each for each in step.wait_for if each in position), key=position.__getitem__))
    return step if waits == step.wait_for else step.model_copy(update={"wait_for": waits})


def _with_build_secrets(changed: Changed) -> None:
    """Give each secret that a step reads to the service of that step, by name, unless somebody has it for the build."""
    spec = changed.spec
    offered = {secret.env for service in spec.services for secret in service.secrets if secret.at == "build"}
    wanted: dict[str, list[SecretRef]] = {}
    for step in spec.steps:
        for env in step.secret_env:
            owner = step.service or spec.services[0].name
            if env not in offered:
                offered.add(env)
                secret = SecretRef(env=env, secret=secret_name(owner, env), at="build", origin=step.origin)
                wanted.setdefault(owner, []).append(secret)
    if wanted:
        services = [
            each.model_copy(update={"secrets": (*each.secrets, *wanted[each.name])}) if each.name in wanted else each
            for each in spec.services
        ]
        changed.set(services=tuple(services))
