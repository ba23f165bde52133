"""The runtime that a request names has to be one that the skill of the main service offers."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.generation.composing import Composition, speaks
from penstock.generation.problems import refused
from penstock.generation.views import Service
from penstock.generation.words import listed

_MAKERS = frozenset({"language", "image"})
_NEXT = "Name one of these with --runtime (options.runtime), or leave it out: then the repository's files decide."


def check_runtime(composition: Composition) -> None:
    """Refuse a runtime nobody offers. Raises InvalidConfiguration that names those on offer."""
    for service in composition.named.services:
        asked = composition.options.runtime if service.primary else service.wish.runtime
        name, offered = _offered(composition, service) if asked else ("", [])
        if asked and offered and not _takes(asked.removeprefix("v"), offered):
            message = (
                f"{asked} cannot be the runtime of {service.name}: the skill {name} offers {listed(offered, 20)}, and"
                " the releases of each."
            )
            raise refused("options.runtime", message, _NEXT)


def _offered(composition: Composition, service: Service) -> tuple[str, list[str]]:
    """Return the skill that speaks of runtimes for a service, and the lines it offers; none at all where none does."""
    for part in composition.parts:
        if part.skill.metadata.role not in _MAKERS or service not in part.services():
            continue
        if part.rules.runtimes is None or not speaks(part.skill, service):
            continue
        found = part.value("runtimes", part.rules.runtimes, part.names(service))
        lines = found.split() if isinstance(found, str) else found if isinstance(found, Iterable) else ()
        return part.name, [str(each) for each in lines if str(each)[:1].isdigit()]
    return "", []


def _takes(asked: str, offered: list[str]) -> bool:
    """Whether what is asked for is an offered line, a release of one, or means exactly one of them."""
    exact = any(asked == line or asked.startswith(f"{line}.") for line in offered)
    return exact or sum(line.startswith(f"{asked}.") for line in offered) == 1
