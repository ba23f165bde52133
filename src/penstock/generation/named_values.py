"""Places and people that a sentence names: a model may take them from there, from the request, or leave them out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.generation.change_view import View
from penstock.generation.regions import may_be_region


def named_problems(view: View) -> Iterator[str]:
    """Yield what the changes name that neither the sentence nor the request nor the repository does."""
    changes, cloud = view.changes, view.spec.cloud
    if changes.region is not None and not may_be_region(changes.region):
        yield f"region: {changes.region} is no region of Google Cloud; leave it out, or ask in questions."
    default = view.facts.default_branch
    branches: set[str | None] = {each.branch for each in view.spec.triggers} | ({default.value} if default else set())
    named: list[tuple[str, str | None, set[str | None]]] = [
        ("project", changes.project, {cloud.project}),
        ("region", changes.region, {cloud.region}),
        ("cluster", changes.cluster, {cloud.cluster}),
        ("release_branch", changes.release_branch, branches),
        *(("notifications.to", each.to, {own.to for own in view.spec.notifications}) for each in changes.notifications),
    ]
    for field, value, known in named:
        if value is None or value in known or _names(view.intent, value):
            continue
        if field == "region" and value == _read(view).region:  # a city, or a zone of it
            continue
        yield f"{field}: the sentence does not name {value}; leave it out, or ask in questions."
    yield from _public(view)


def _public(view: View) -> Iterator[str]:
    wanted = [each.name for each in view.changes.services if each.public]
    closed = {each.name for each in view.spec.services if not each.runtime.public}
    wanted = [name for name in wanted if name in closed]
    if not wanted:
        return
    said = {each.name for each in _read(view).services if each.public}
    for name in wanted:
        if name not in said and not (said and len(view.services) == 1):
            yield (
                f"services[{name}].public: the sentence does not say that anyone may call it; leave public out, or ask"
                " in questions."
            )


def says_public(intent: str, facts: RepositoryFacts, service_name: str | None = None) -> bool:
    """Whether the sentence, as rules read it, says of a service that anyone may call it."""
    return any(each.public for each in _changes(intent, facts, service_name).services)


def _read(view: View) -> Changes:
    return _changes(view.intent, view.facts, view.spec.name)


def _changes(intent: str, facts: RepositoryFacts, service_name: str | None) -> Changes:
    from penstock.generation.intent import read_intent

    return read_intent(intent, facts, service_name=service_name).changes


def _names(intent: str, value: str) -> bool:
    return re.search(rf"(?<![A-Za-z0-9_-]){re.escape(value)}(?![A-Za-z0-9_-])", intent, re.IGNORECASE) is not None
