"""Plain variables that the code of a service reads and that nothing in the plan sets: its owner has to."""

from __future__ import annotations

import re

from penstock.domain.facts import EnvVar
from penstock.domain.spec import Assumption, EnvValue, OpenVariable, Origin
from penstock.generation.views import Service
from penstock.generation.words import listed

_SET_BY_PLATFORM = frozenset(
    {
        "NODE_ENV", "HOST", "HOSTNAME", "PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "GOOGLE_CLOUD_PROJECT",
        "TZ", "DEBUG", "LOG_LEVEL", "RAILS_ENV", "RACK_ENV", "BUNDLE_GEMFILE", "PIDFILE", "MIX_ENV",
    }
)  # fmt: skip
"""Variables that need no value from anybody: images, platforms or habits set them."""
_FROM_THE_BUILD = re.compile(r"(VITE|NEXT_PUBLIC|REACT_APP|VUE_APP|GATSBY|NUXT_PUBLIC|EXPO_PUBLIC)_")
"""Beginnings of names whose values a bundler writes into the pages."""
_OF_TOOLS = re.compile(r"npm_|CI$|CI_|GITHUB_|GITLAB_|PLAYWRIGHT_|CYPRESS_|VITEST|JEST_")
"""Beginnings of names that package managers, build services and test runners set."""
_SWITCH = re.compile(r"(?:ENABLE|DISABLE)D?_|USE_|.*_(?:ENABLED|DISABLED)$")
"""Names of switches: code that reads one can do without."""
_ON_THIS_MACHINE = re.compile(r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0)\b")
_EXAMPLE = re.compile(r"(^|/)\.env\.[a-z]+$")
"""Files of examples: nothing loads them where the service runs."""
_HARMLESS = re.compile(r"(?![A-Za-z0-9./:-]*[A-Za-z0-9]{20})[A-Za-z0-9][A-Za-z0-9_./:-]{0,59}")
"""Defaults that may be shown: short words, numbers, paths and addresses, nothing with a credential in it."""
_MAX_NAME = 128
MOST_TOLD = 80
"""Open variables of one service that are listed."""


def open_variables(service: Service, taken: tuple[EnvValue, ...], target: str) -> tuple[OpenVariable, ...]:
    """Return the variables that nobody sets, those that need a value first. Secrets have a list of their own."""
    if target == "none":
        return ()
    in_image = (service.view.trait("image-sets") or "").split()
    known = {value.name for value in taken} | {service.facts.port_env or ""} | _SET_BY_PLATFORM | set(in_image)
    known |= service.wish.variables
    found = [
        _open(service, each)
        for each in service.facts.env
        if not each.secret and each.name not in known and not _OF_TOOLS.match(each.name) and len(each.name) <= _MAX_NAME
    ]
    return tuple(sorted(found, key=lambda each: (not each.needed, each.name)))


def _open(service: Service, variable: EnvVar) -> OpenVariable:
    told = variable.default if variable.default and _HARMLESS.fullmatch(variable.default) else None
    example = bool(_EXAMPLE.search(variable.source.path))
    built = service.view.kind in {"static-site", "docs"} or _FROM_THE_BUILD.match(variable.name)
    return OpenVariable(
        name=variable.name,
        at="build" if built else "runtime",
        default=None if example else told,
        example=told if example else None,
        needed=not _SWITCH.match(variable.name)
        and (example or not variable.default or bool(_ON_THIS_MACHINE.search(variable.default))),
        origin=Origin(kind="fact", ref=str(variable.source)),
    )


def said_about_many(service: Service, found: tuple[OpenVariable, ...]) -> list[Assumption]:
    """Return what is said when there are more than are listed."""
    if len(found) <= MOST_TOLD:
        return []
    text = f"{service.name} reads {len(found)} plain variables that nothing sets; the first {MOST_TOLD} are listed."
    return [Assumption(text=text, origin=found[MOST_TOLD].origin)]


def asked_about_env(service: Service, found: tuple[OpenVariable, ...]) -> list[str]:
    """Return the question about variables that nobody gave a value."""
    needed = [f"{each.name} ({each.origin.ref})" for each in found if each.needed]
    if not needed:
        return []
    text = (
        f"Which values does {service.name} need for {listed(needed)}? The code reads them and nothing sets them:"
        " docs/cicd/README.md says where they go (Plain variables)."
    )
    return [text]
