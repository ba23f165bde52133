"""What a running service gets: port, size, health path, plain variables, and secrets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from penstock.domain.spec import Assumption, EnvValue, Origin, RuntimeSpec, SecretRef
from penstock.generation.composing import Composition
from penstock.generation.problems import impossible_spec, in_words
from penstock.generation.views import Service
from penstock.generation.words import label, listed, words

_USUAL_PORT = 8080
_MAX_SECRET = 200


def runtime_of(composition: Composition, service: Service) -> RuntimeSpec:
    """Return what the service gets: skills' defaults, then facts, then the request. Raises InvalidConfiguration."""
    values: dict[str, Any] = {}
    origin = Origin(kind="default", ref="runtime")
    reasons: list[str] = []
    for part in composition.by_weight:
        if service not in part.services():
            continue
        for index, rule in enumerate(part.rules.runtime):
            place, names = f"runtime[{index}]" if index else "runtime", part.names(service)
            if not part.holds(place, rule.when, names):
                continue
            given = rule.model_dump(exclude={"when", "because"}, exclude_none=True)
            evaluated = part.value(place, given, names)
            values |= {key: value for key, value in evaluated.items() if value is not None}
            origin = part.origin(place, rule.because, service)
            reasons += origin.because
    port, why = _port(composition, service)
    if port is not None:
        values["port"] = port
    values.setdefault("port", _USUAL_PORT)
    if service.facts.health_path is not None:
        values.setdefault("health_path", service.facts.health_path.value)
    if service.view.framework == "grpc" and "health_path" not in values:
        values |= {"protocol": "grpc", "grpc_health": service.view.has("grpc-health")}
    values["command"], said = _command(service)
    public = composition.options.public
    reasons += [said] if said else []
    reasons += ["options.public"] if public else []
    try:
        return RuntimeSpec(
            **values,
            public=public,
            origin=origin.model_copy(update={"because": tuple(dict.fromkeys(reasons))}),
            port_origin=why,
            health_origin=_health_origin(service, values),
        )
    except ValidationError as problem:
        raise impossible_spec(problem) from problem


def _health_origin(service: Service, values: Mapping[str, Any]) -> Origin | None:
    known = service.facts.health_path
    if known is None or values.get("health_path") != known.value:
        return None
    return Origin(kind="fact", ref=str(known.source))


def _port(composition: Composition, service: Service) -> tuple[int | None, Origin | None]:
    if service.primary and composition.options.port is not None:
        return composition.options.port, Origin(kind="request", ref="options.port")
    if service.wish.port is not None:
        return service.wish.port, Origin(kind="intent", ref="the sentence")
    fact = service.facts.port
    if fact is None or (service.view.kind == "static-site" and service.facts.dockerfile is None):
        return None, None
    return fact.value, Origin(kind="fact", ref=str(fact.source))


def _command(service: Service) -> tuple[tuple[str, ...], str]:
    """Return what runs in an image whose own Dockerfile names nothing, and the place that says so."""
    start = service.facts.start_command
    if start is None or service.facts.dockerfile is None or not service.view.has("image-without-command"):
        return (), ""
    return tuple(words(start.value) or ("/bin/sh", "-c", start.value)), str(start.source)


def said_about_command(service: Service, runtime: RuntimeSpec) -> list[Assumption]:
    """Return the assumption about an image that does not say what it runs."""
    start, own = service.facts.start_command, service.facts.dockerfile
    if not runtime.command or start is None or own is None:
        return []
    text = f"{own.value} names no command, so {service.name} is started by {start.value} ({start.source})."
    return [Assumption(text=text, origin=Origin(kind="fact", ref=str(start.source)))]


def said_about_port(composition: Composition, service: Service, runtime: RuntimeSpec) -> list[Assumption]:
    """Return the assumption about a server whose port nothing names."""
    asked = service.wish.port is not None or (service.primary and composition.options.port is not None)
    known = service.facts.port is not None or asked
    if service.view.kind != "web" or known or runtime.port != _USUAL_PORT:
        return []
    text = (
        f"{service.name} is taken to listen on the port {runtime.port} (the variable PORT says so to it):"
        " nothing in the repository names one. --port (options.port) changes that."
    )
    return [Assumption(text=text, origin=Origin(kind="default", ref="port"))]


def secrets_of(composition: Composition, service: Service) -> tuple[SecretRef, ...]:
    """Return the secrets of a service: what skills name, and each variable with a secret's name that the code reads."""
    found: dict[tuple[str, str], SecretRef] = {}
    for part in composition.parts:
        if service not in part.services():
            continue
        for index, rule in enumerate(part.rules.secrets):
            place, names = f"secrets[{index}]", part.names(service)
            if not part.holds(place, rule.when, names):
                continue
            given = part.value(place, rule.model_dump(exclude={"when", "because", "per"}), names)
            try:
                secret = SecretRef(**given, origin=part.origin(place, rule.because, service))
            except ValidationError as problem:
                raise part.broken(place, in_words(problem)) from problem
            found.setdefault((secret.at, secret.env), secret)
    for variable in service.facts.env:
        if not variable.secret or ("build", variable.name) in found:
            continue
        origin = Origin(kind="fact", ref=str(variable.source), because=("the code reads it, and its name says secret",))
        name = secret_name(service.name, variable.name)
        found.setdefault(("runtime", variable.name), SecretRef(env=variable.name, secret=name, origin=origin))
    return tuple(found[key] for key in sorted(found))


def secret_name(service: str, variable: str) -> str:
    """Return what the secret behind a service's variable is called in Secret Manager."""
    return label(f"{service}-{variable.replace('_', '-')}")[:_MAX_SECRET]


def env_of(composition: Composition, service: Service, runtime: RuntimeSpec) -> tuple[EnvValue, ...]:
    """Return the plain variables of a service: what skills name, and the port where the code reads it from one.

    Cloud Run sets PORT itself and refuses it from others.
    """
    found: dict[str, EnvValue] = {}
    for part in composition.parts:
        if service not in part.services():
            continue
        for index, rule in enumerate(part.rules.env):
            place, names = f"env[{index}]", part.names(service)
            if not part.holds(place, rule.when, names):
                continue
            given = part.value(place, {"name": rule.name, "value": rule.value}, names)
            try:
                value = EnvValue(
                    name=given["name"], value=str(given["value"]), origin=part.origin(place, rule.because, service)
                )
            except ValidationError as problem:
                raise part.broken(place, in_words(problem)) from problem
            found.setdefault(value.name, value)
    variable = service.facts.port_env
    if variable and service.view.kind == "web" and not (variable == "PORT" and composition.target == "cloud-run"):
        why = str(service.facts.port.source) if service.facts.port else "the code reads its port from it"
        origin = Origin(kind="fact", ref=why)
        found.setdefault(variable, EnvValue(name=variable, value=str(runtime.port), origin=origin))
    return tuple(found[name] for name in sorted(found))


def said_about_secrets(service: Service, secrets: tuple[SecretRef, ...], target: str) -> list[Assumption]:
    """Return the assumption about the secrets a service reads."""
    names = [secret.env for secret in secrets if secret.at == "runtime"]
    if not names or target == "none":
        return []
    text = (
        f"{service.name} gets {listed(names)} from Secret Manager, version 1 of a secret per environment:"
        " docs/cicd/README.md has the commands that create them. They were found by their names in the code."
    )
    return [Assumption(text=text, origin=secrets[0].origin)]
