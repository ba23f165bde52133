"""The sentence's wishes laid over the request's options, so that the skills choose with them. The options win."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.spec import Assumption, Origin
from penstock.generation.asked import Named, named
from penstock.generation.views import NO_WISHES, Service, ServiceWish
from penstock.generation.words import listed, shown

Explained = Callable[[str], Origin]
"""Makes the origin of what a part of the changes (``add_steps[e2e]``) leads to."""
_OPTIONS = (
    ("target", "target"),
    ("region", "region"),
    ("project", "project"),
    ("cluster", "cluster"),
    ("release_branch", "branch"),
)
"""Fields of the changes with the options of the request that say the same."""


@dataclass(frozen=True)
class Overlay:
    """What selection and drafting go by, and what is to be said about it."""

    options: Options
    service_name: str | None
    wishes: Mapping[str, ServiceWish] = field(default_factory=dict)
    """By service: what draft() takes as ``wishes``."""
    lost: frozenset[str] = frozenset()
    """Parts of the changes that an option of the request won over."""
    assumptions: tuple[Assumption, ...] = ()
    """Says so, for each of them."""


@dataclass
class _Laying:
    """An overlay in the making."""

    options: Options
    origin: Explained
    lost: dict[str, Assumption] = field(default_factory=dict)

    def lay(self, place: str, option: str, wish: Any) -> None:
        """Take a wish over, unless the request said something else itself."""
        if wish is None or wish == ():
            return
        given = getattr(self.options, option)
        if given is None or given == () or given is False:
            self.options = replace(self.options, **{option: wish})
        elif given != wish:
            self.lose(place, f"The sentence says {_worded(wish)} for the {option}", f"options.{option}", given)

    def lose(self, place: str, says: str, option: str, given: Any) -> None:
        """Remember that the request won."""
        text = f"{says}; {option} of the request says {_worded(given)}, and that counts."
        self.lost[place] = Assumption(text=text, origin=self.origin(place))


def overlay(
    options: Options, service_name: str | None, changes: Changes, facts: RepositoryFacts, origin: Explained
) -> Overlay:
    """Return the options with the sentence's wishes; what the request says itself counts more.

    Raises InvalidConfiguration when the facts hold no service, or too many.
    """
    laying = _Laying(options, origin)
    for place, option in _OPTIONS:
        laying.lay(place, option, getattr(changes, place))
    if changes.environments is not None:
        laying.lay("environments", "environments", tuple(each.name for each in changes.environments))
    only = changes.only_service
    if only is not None and service_name is not None and only != service_name:
        laying.lose("only_service", f"The sentence speaks of {only}", "service_name", service_name)
    name = service_name
    if name is None and only is not None and only in [each.name for each in _several(facts, options)]:
        name = only
    wishes = dict(_wishes(changes, named(facts, options, name), laying))
    return Overlay(laying.options, name, wishes, frozenset(laying.lost), tuple(laying.lost.values()))


def _several(facts: RepositoryFacts, options: Options) -> tuple[Service, ...]:
    """Return the services to choose one from; none where there is only one, which keeps its name."""
    return named(facts, options, None).services if len(facts.services) > 1 else ()


def _wishes(changes: Changes, known: Named, laying: _Laying) -> Iterator[tuple[str, ServiceWish]]:
    """Yield what a draft has to know of services; runtime and port of the main one become options."""
    main = next((service.name for service in known.services if service.primary), None)
    public = {change.name for change in changes.services if change.public}
    if public and public >= {service.name for service in known.services}:
        laying.lay("services.public", "public", wish=True)
    for change in changes.services:
        place = f"services.{change.name}"
        runtime, port = change.runtime_version, change.port
        if change.name == main:
            laying.lay(f"{place}.runtime_version", "runtime", runtime)
            laying.lay(f"{place}.port", "port", port)
            runtime, port = None, None
        if change.public is False and laying.options.public and "services.public" not in laying.lost:
            laying.lose(f"{place}.public", f"The sentence keeps {change.name} closed", "options.public", given=True)
        given = frozenset([*(each.env for each in change.secrets), *(each.name for each in change.env)])
        wish = ServiceWish(runtime, port, given)
        if wish != NO_WISHES:
            yield change.name, wish


def _worded(value: Any) -> str:
    return listed([str(each) for each in value]) if isinstance(value, tuple) else shown(str(value)).strip("'\"")
