"""A sentence becomes Changes: one small reader per kind of wish, in an order in which none takes another's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts, ServiceFacts
from penstock.generation.asked import service_labels
from penstock.generation.intent import (
    access,
    approvals,
    builds,
    canary,
    environments,
    notices,
    place,
    ports,
    refusals,
    runtime,
    scaling,
    services,
    target,
    tasks,
    tasks_by_name,
    triggers,
    usual,
    variables,
)
from penstock.generation.intent.sentence import Sentence
from penstock.generation.intent.wishes import Wishes

USUAL_ENVIRONMENTS = ("staging", "production")
"""What the shipped skills give: what a sentence says of production is said of that."""
_READERS = (
    services.read,
    usual.read_gates,
    builds.read,
    variables.read,
    ports.read,
    notices.read,
    place.read_cluster,
    target.read,
    place.read,
    runtime.read,
    triggers.read_branch,
    environments.read_list,
    approvals.read,
    canary.read,
    scaling.read,
    tasks_by_name.read,
    tasks.read,
    triggers.read,
    access.read,
    usual.read,
    environments.read_rest,
    environments.finish,
    refusals.read,
)
_MAX_SERVICES = 40
_WISHES = frozenset({"cloud-run", "cloud run"})
"""Names that a wish is said with."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence asks for. ``said`` names the developer's words behind each change: region, environments[0]..."""

    changes: Changes
    said: Mapping[str, str]


def read_intent(
    intent: str,
    facts: RepositoryFacts,
    *,
    service_name: str | None = None,
    environments: Sequence[str] = USUAL_ENVIRONMENTS,
) -> Reading:
    """Return what a sentence asks of a pipeline for these facts. Never raises; the same sentence reads the same.

    ``service_name`` is the request's own name for the service, ``environments`` the skills' in order. Parts nothing
    was made of stand in ``changes.not_understood``.
    """
    sentence = Sentence(intent)
    names = _names(facts, service_name)
    main = next((name for name, each in names.items() if each is facts.primary), next(iter(names), "service"))
    wishes = Wishes(sentence, facts, names, main, tuple(environments) or USUAL_ENVIRONMENTS)
    known = {facts.name, *names, *(each.name for each in names.values())}
    sentence.know(name for name in known if name not in place.REGIONS and name not in _WISHES)
    for read in _READERS:
        read(wishes)
    wishes.missed(sentence.left_over(_familiar(wishes)))
    try:
        return Reading(wishes.changes(), dict(wishes.said))
    except ValidationError:
        unread = (sentence.shown(0, len(sentence.text)),) if sentence.text.strip() else ()
        return Reading(Changes(not_understood=unread), {})


def _names(facts: RepositoryFacts, service_name: str | None) -> dict[str, ServiceFacts]:
    """Return the services by the names they have in the pipeline."""
    found = (facts.services or ((facts.primary,) if facts.primary else ()))[:_MAX_SERVICES]
    labels = service_labels(found, facts.name)
    if service_name is not None and len(found) == 1:
        labels = [service_name]
    names = dict(zip(labels, found, strict=True))
    return {service_name: names[service_name]} if service_name in names else names


def _familiar(wishes: Wishes) -> set[str]:
    """Return words that only name what is there: services, the repository, languages, frameworks."""
    words = {wishes.facts.name.lower(), *wishes.names}
    for facts in wishes.names.values():
        words |= {facts.name.lower(), facts.ecosystem, facts.kind}
        for fact in (facts.language, facts.framework, facts.package_manager):
            if fact is not None:
                words |= {fact.value.lower(), *fact.value.lower().replace("-", " ").split()}
    for name in list(words):
        words |= set(name.replace("_", "-").split("-"))
    return words
