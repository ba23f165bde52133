"""Changes of what running services get: size, port, health path, secrets by name, plain variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from penstock.domain.changes import SecretChange, ServiceChange
from penstock.domain.spec import EnvValue, SecretRef, ServiceSpec
from penstock.generation.changed import Changed, by
from penstock.generation.risky_variables import is_risky_at_run_time
from penstock.generation.running import secret_name
from penstock.generation.words import listed

_SIZES = ("health_path", "cpu", "memory", "min_instances", "max_instances", "concurrency")
_MIB = {"Mi": 1, "Gi": 1024}
_CLOUD_RUN = ((1, 4), (2, 8), (4, 16), (6, 24), (8, 32))
"""CPUs and the GiB of memory that Cloud Run gives with them at most."""
_FEWEST_GKE = 2


def with_services(changed: Changed, changes: Sequence[ServiceChange]) -> None:
    """Change the services named; others stay the very same."""
    wanted = {change.name: change for change in changes}
    services = tuple(
        _service(changed, service, wanted[service.name]) if service.name in wanted else service
        for service in changed.spec.services
    )
    if any(service is not former for service, former in zip(services, changed.spec.services, strict=True)):
        changed.set(services=services)


def _service(changed: Changed, service: ServiceSpec, change: ServiceChange) -> ServiceSpec:
    place = f"services.{service.name}"
    parts: dict[str, Any] = {}
    runtime = _runtime(changed, service, change, place)
    if runtime:
        parts["runtime"] = changed.node(service.runtime, f"{place}.{next(iter(runtime))}", **runtime)
    secrets = _secrets(changed, service, change.secrets)
    env = _env(changed, service, change, {secret.env for secret in secrets})
    if secrets != service.secrets:
        parts["secrets"] = secrets
    if env != service.env:
        parts["env"] = env
    if change.runtime_version is not None and f"{place}.runtime_version" not in changed.lost:
        parts["runtime_version"] = change.runtime_version
        parts["origin"] = by(changed.origin(f"{place}.runtime_version"), service.origin)
    return service.model_copy(update=parts) if parts else service


def _runtime(changed: Changed, service: ServiceSpec, change: ServiceChange, place: str) -> dict[str, Any]:
    """Return the fields of the runtime that the change names, and tell what the target makes of them."""
    wanted: dict[str, Any] = {name: getattr(change, name) for name in _SIZES if getattr(change, name) is not None}
    if change.port is not None and f"{place}.port" not in changed.lost:
        wanted["port"] = change.port
    if change.public is not None and not {f"{place}.public", "services.public"} & changed.lost:
        wanted["public"] = change.public
    least = wanted.get("min_instances", service.runtime.min_instances)
    most = wanted.get("max_instances", service.runtime.max_instances)
    if wanted and most < least and "max_instances" not in wanted:
        wanted["max_instances"] = least
        changed.decide(place, f"{service.name} runs {least} instances at most, since it shall have at least {least}.")
    if wanted:
        changed.ask(*_limits(changed, service, wanted))
    return wanted


def _limits(changed: Changed, service: ServiceSpec, wanted: dict[str, Any]) -> Iterator[str]:
    """Yield questions about wishes that the target cannot grant."""
    name, kind, target = service.name, service.kind, changed.spec.target
    serves = kind in {"web", "static-site"}
    numbers = [field for field in ("min_instances", "max_instances") if field in wanted]
    if target == "none":
        yield f"Where does {name} run? Nothing is deployed, so what was said about how it runs changes no file yet."
        return
    if kind == "job" and numbers:
        yield f"{name} is a job that runs to its end: {_field(numbers[0])} changes nothing. How often shall it run?"
    if not serves and ("concurrency" in wanted or wanted.get("public")):
        yield f"{name} takes no requests ({kind}), so concurrency and public change nothing. Is it a server after all?"
    if target == "gke":
        yield from _gke_limits(name, serves=serves, wanted=wanted)
    else:
        yield from _run_limits(service, wanted)


def _gke_limits(name: str, *, serves: bool, wanted: dict[str, Any]) -> Iterator[str]:
    if serves and wanted.get("public"):
        yield (
            f"Which host name and certificate does {name} get? In the cluster it has an address inside only; a Gateway"
            " of yours makes it public."
        )
    if serves and "concurrency" in wanted:
        yield f"How many instances does {name} need? GKE limits no requests per instance, so concurrency is not set."
    if serves and wanted.get("min_instances", _FEWEST_GKE) < _FEWEST_GKE:
        yield (
            f"May {name} be away for a moment while nodes are replaced? GKE runs at least {_FEWEST_GKE} instances"
            " of it; fewer are not written."
        )


def _run_limits(service: ServiceSpec, wanted: dict[str, Any]) -> Iterator[str]:
    name = service.name
    if service.kind == "worker" and "max_instances" in wanted:
        yield f"How many instances of {name} run? A worker pool of Cloud Run has a fixed number (min_instances)."
    if not {"cpu", "memory"} & set(wanted):
        return
    cpus = _cpus(wanted.get("cpu", service.runtime.cpu))
    memory = _mebibytes(wanted.get("memory", service.runtime.memory))
    allowed = next((gib for count, gib in _CLOUD_RUN if cpus <= count), None)
    if allowed is None or (cpus > 1 and cpus not in {count for count, _ in _CLOUD_RUN}):
        yield f"Which CPU does {name} get? Cloud Run takes 1, 2, 4, 6, 8 or less than 1; {cpus:g} is none of them."
    elif memory > allowed * 1024:
        fitting = next((str(count) for count, gib in _CLOUD_RUN if memory <= gib * 1024), "no number of")
        yield f"May {name} get more CPU? With {cpus:g} Cloud Run gives {allowed} GiB at most; {fitting} CPUs would do."


def _cpus(text: str) -> float:
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)


def _mebibytes(text: str) -> int:
    return int(re.sub(r"\D", "", text)) * _MIB[text[-2:]]


def _field(name: str) -> str:
    return name.replace("_", " ")


def _secrets(changed: Changed, service: ServiceSpec, wanted: Sequence[SecretChange]) -> tuple[SecretRef, ...]:
    """Return the secrets of a service with those named. One that a step reads at build time is no runtime's."""
    found = {(secret.at, secret.env): secret for secret in service.secrets}
    added: list[str] = []
    for each in wanted:
        if (each.at, each.env) in found:
            continue
        origin = changed.origin(f"services.{service.name}.secrets.{each.env}")
        name = secret_name(service.name, each.env)
        found[each.at, each.env] = SecretRef(env=each.env, secret=name, at=each.at, origin=origin)
        added += [each.env] if each.at == "runtime" else []
    if added and changed.spec.target != "none":
        changed.decide(
            f"services.{service.name}.secrets.{added[0]}",
            f"{service.name} gets {listed(added)} from Secret Manager, version 1 of a secret per environment:"
            " docs/cicd/README.md has the commands that create them.",
        )
    return tuple(found[key] for key in sorted(found)) if len(found) > len(service.secrets) else service.secrets


def _env(changed: Changed, service: ServiceSpec, change: ServiceChange, secrets: set[str]) -> tuple[EnvValue, ...]:
    found = {value.name: value for value in service.env if value.name not in secrets}
    for each in change.env:
        if is_risky_at_run_time(each.name):
            changed.ask(
                f"Why does {service.name} need {each.name}? It decides which code runs or whom it trusts, so it is not"
                " set; set it in the Dockerfile, where it is reviewed."
            )
            continue
        former = found.get(each.name)
        if former is not None and former.value == each.value:
            continue
        origin = changed.origin(f"services.{service.name}.env.{each.name}")
        found[each.name] = EnvValue(name=each.name, value=each.value, origin=origin)
    env = tuple(found[name] for name in sorted(found))
    return service.env if env == service.env else env
