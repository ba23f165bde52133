"""What was asked for, checked before anything is made of it, and the names everything goes by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.domain.pipelines import Options
from penstock.generation.problems import refused
from penstock.generation.regions import may_be_region, nearest_regions
from penstock.generation.views import NO_WISHES, Service, ServiceWish, view_of
from penstock.generation.words import label, listed, shown
from penstock.kit.git_names import is_branch_name

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_RUNTIME = re.compile(r"v?[0-9]{1,4}(\.[0-9]{1,6}){0,2}")
_TARGETS = ("cloud-run", "gke", "none")
_MAX_PORT = 65_535
_MAX_SERVICES = 40
_MAX_ENVIRONMENTS = 8
_LABEL_RULE = "small letters, digits and hyphens, at most 63, beginning with a letter and not ending with a hyphen"


@dataclass(frozen=True)
class Named:
    """The pipeline's name and its services."""

    name: str
    services: tuple[Service, ...]
    asked: bool
    """Whether the request named it."""


def check_options(options: Options, service_name: str | None) -> None:
    """Refuse what cannot be granted. Raises InvalidConfiguration that names the field and the rule."""
    if service_name is not None and not _NAME.fullmatch(service_name):
        message = f"{shown(service_name)} cannot be a service's name: it takes {_LABEL_RULE}."
        raise refused("service_name", message, _suggestion(service_name))
    if options.target is not None and options.target not in _TARGETS:
        message = f"{shown(options.target)} is no target: it is one of {', '.join(_TARGETS)}."
        raise refused("options.target", message)
    if options.port is not None and not 0 < options.port <= _MAX_PORT:
        raise refused("options.port", f"{options.port} is no port: it takes a number from 1 to {_MAX_PORT}.")
    for field, pattern, rule in (
        ("runtime", _RUNTIME, "a version number like 22 or 3.13.1"),
        ("project", _PROJECT, "a Google Cloud project id: 6 to 30 small letters, digits and hyphens"),
        ("cluster", _NAME, f"the name of a GKE cluster: {_LABEL_RULE}"),
    ):
        value = getattr(options, field)
        if value is not None and not pattern.fullmatch(value):
            raise refused(f"options.{field}", f"{shown(value)} cannot be the {field}: it takes {rule}.")
    if options.region is not None and not may_be_region(options.region):
        near = nearest_regions(options.region)
        message = f"{shown(options.region)} is no region of Google Cloud."
        raise refused("options.region", message, f"Name one, such as {listed(near or ['europe-west1'])}.")
    if options.branch is not None and not is_branch_name(options.branch):
        rule = "a branch name as git takes it, of letters, digits, dots, slashes, hyphens and underscores"
        raise refused("options.branch", f"{shown(options.branch)} cannot be the branch: it takes {rule}.")
    _check_environments(options.environments)


def named(
    facts: RepositoryFacts,
    options: Options,
    service_name: str | None,
    wishes: Mapping[str, ServiceWish] | None = None,
) -> Named:
    """Return the services that the pipeline is for, with their names in it. ``wishes`` are by these names.

    Of several services, the one that the request names is taken alone. Raises InvalidConfiguration when there are too
    many, or none.
    """
    found = facts.services or ((facts.primary,) if facts.primary else ())
    if not found:
        raise refused("service_context", "There is no service to make a pipeline for.")
    main = facts.primary or found[0]
    labels = service_labels(found, facts.name)
    if service_name is not None and len(found) > 1 and service_name in labels:
        main = found[labels.index(service_name)]
        found, labels = (main,), [service_name]
    if len(found) > _MAX_SERVICES:
        message = f"The repository holds {len(found)} services; one pipeline takes at most {_MAX_SERVICES}."
        raise refused("service_context", message, "Name the folder of one service: --path (service_context.path).")
    name = service_name or (labels[0] if len(found) == 1 else label(facts.name))
    if len(found) == 1:
        labels = [name]
    wished = wishes or {}
    services = tuple(
        _service(each, at, main, options, wished.get(at, NO_WISHES)) for each, at in zip(found, labels, strict=True)
    )
    return Named(name, services, service_name is not None)


def _service(facts: ServiceFacts, name: str, main: ServiceFacts, options: Options, wish: ServiceWish) -> Service:
    primary = facts is main or facts == main
    seen = view_of(facts, name, options if primary else replace(options, runtime=wish.runtime, port=wish.port))
    return Service(name, facts, seen, primary, wish)


def service_labels(found: tuple[ServiceFacts, ...], repository: str) -> list[str]:
    """Return the names that services have in a pipeline, no two the same."""
    labels: list[str] = []
    for service in found:
        wanted = label(service.name or repository)
        again = label(service.path.replace("/", "-")) if wanted in labels else wanted
        number, unique = 2, again
        while unique in labels:
            unique = label(f"{again}-{number}")
            number += 1
        labels.append(unique)
    return labels


def _check_environments(names: tuple[str, ...]) -> None:
    if len(names) > _MAX_ENVIRONMENTS:
        message = f"{len(names)} environments are too many; a pipeline takes at most {_MAX_ENVIRONMENTS}."
        raise refused("options.environments", message)
    for name in names:
        if not _NAME.fullmatch(name):
            raise refused("options.environments", f"{shown(name)} cannot be an environment: it takes {_LABEL_RULE}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise refused("options.environments", f"The environment {listed(twice)} is named twice.")


def _suggestion(name: str) -> str:
    return f"Use a name like {label(name)}."
