"""Changes of the way to production: which environments, who approves, what goes where in which portions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from penstock.domain.changes import Changes, EnvironmentChange
from penstock.domain.spec import Environment, PipelineSpec
from penstock.generation.changed import Changed
from penstock.generation.cloud import says_production
from penstock.generation.words import listed

_SETTINGS = ("production", "require_approval", "verify", "canary", "min_instances", "max_instances")
_FEWEST_GKE = 2


def with_environments(changed: Changed, changes: Changes) -> None:
    """Make the way to production the one that the changes list; without a list it stays."""
    if changes.environments is None or changed.spec.target == "none":
        return
    former = {environment.name: environment for environment in changed.spec.environments}
    if "environments" in changed.lost:
        wanted = {change.name: change for change in changes.environments}
        found = tuple(
            _settled(changed, environment, wanted[name]) if name in wanted else environment
            for name, environment in former.items()
        )
    else:
        production = [each.name for each in changes.environments if _is_production(each)]
        last = changes.environments[-1].name if changes.environments else ""
        found = tuple(
            _settled(changed, former.get(each.name) or _new(changed, each, production or [last]), each)
            for each in changes.environments
        )
    if found != changed.spec.environments:
        changed.set(environments=found)
    changed.ask(*_limits(changed, changes.environments))


def _is_production(change: EnvironmentChange) -> bool:
    return says_production(change.name) if change.production is None else change.production


def _new(changed: Changed, change: EnvironmentChange, production: list[str]) -> Environment:
    is_last = change.name in production
    origin = changed.origin("environments")
    return Environment(name=change.name, production=is_last, require_approval=is_last, verify=True, origin=origin)


def _settled(changed: Changed, environment: Environment, change: EnvironmentChange) -> Environment:
    """Return an environment with what the change says. What becomes production is approved, unless it says no."""
    wanted: dict[str, Any] = {
        field: getattr(change, field) for field in _SETTINGS if getattr(change, field) is not None
    }
    if wanted.get("production") and change.require_approval is None:
        wanted["require_approval"] = True
    if wanted.get("production") is False and environment.production and change.require_approval is None:
        wanted["require_approval"] = False
    least, most = change.min_instances, environment.max_instances
    if least is not None and most is not None and most < least and change.max_instances is None:
        wanted["max_instances"] = least
    new = {field: value for field, value in wanted.items() if getattr(environment, field) != value}
    if new:
        return changed.node(environment, f"environments.{environment.name}.{next(iter(new))}", **new)
    origin = changed.origin("environments")
    asked = environment.origin.kind == "request" and "environments" not in changed.lost
    return environment.model_copy(update={"origin": origin}) if asked else environment


def _limits(changed: Changed, environments: tuple[EnvironmentChange, ...]) -> Iterator[str]:
    """Yield questions about wishes that the target cannot grant for some of the services."""
    spec = changed.spec
    portions = [each.name for each in environments if each.canary]
    deaf = [service.name for service in spec.services if service.kind not in {"web", "static-site"}]
    if portions and deaf:
        yield (
            f"How shall {listed(deaf)} be tried in {listed(portions)} first? A canary takes a share of the requests,"
            " and only servers get requests, so all instances change at once."
        )
    jobs = [service.name for service in spec.services if service.kind == "job"]
    counted = [each.name for each in environments if each.min_instances is not None or each.max_instances is not None]
    if counted and jobs:
        yield f"How often does {listed(jobs)} run in {listed(counted)}? A number of instances says nothing about a job."
    few = [each.name for each in environments if each.min_instances is not None and each.min_instances < _FEWEST_GKE]
    if spec.target == "gke" and few and len(jobs) < len(spec.services):
        yield (
            f"May services be away for a moment in {listed(few)} while nodes are replaced? GKE runs at least"
            f" {_FEWEST_GKE} instances of a server; fewer are not written."
        )


def environment_problems(changes: Changes, spec: PipelineSpec) -> Iterator[str]:
    """Yield what contradicts itself in the list of environments."""
    wanted = changes.environments
    if wanted is None:
        return
    names = [each.name for each in wanted]
    if not names:
        yield "environments: none is left; list at least one, or leave environments out and set the target to none."
        return
    if (changes.target or spec.target) == "none":
        yield f"environments: nothing is deployed (target none), so there is no {listed(names)}; drop one of the two."
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"environments: {name} is named twice."
    yield from _order_problems(wanted)
    for each in wanted:
        least, most = each.min_instances, each.max_instances
        if least is not None and most is not None and least > most:
            yield f"environments[{each.name}]: min_instances {least} is more than max_instances {most}."
        if each.canary is not None and len(set(each.canary)) < len(each.canary):
            yield f"environments[{each.name}]: canary names a percentage twice."


def _order_problems(wanted: tuple[EnvironmentChange, ...]) -> Iterator[str]:
    production = [each.name for each in wanted if _is_production(each)]
    last = wanted[-1]
    if production and not _is_production(last):
        yield f"environments: {listed(production)} is production and has to be last, not before {last.name}."
    if not production and last.production is False:
        yield f"environments: the last one, {last.name}, is where production is; it cannot be production: false."
