"""What is wrong with what changes say about services."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.domain.changes import ServiceChange
from penstock.generation.change_view import View, says_secret
from penstock.generation.risky_variables import is_risky
from penstock.generation.words import listed


def service_problems(view: View) -> Iterator[str]:
    """Yield what is wrong with what is said about services."""
    yield from _names(view)
    for change in view.changes.services:
        place = f"services[{change.name}]"
        least, most = change.min_instances, change.max_instances
        if least is not None and most is not None and least > most:
            yield f"{place}: min_instances {least} is more than max_instances {most}."
        for secret in change.secrets:
            yield from view.secret_problems(f"{place}.secrets", secret.env)
            if is_risky(secret.env):
                yield f"{place}.secrets: {secret.env} decides what the program runs, loads or trusts; leave it out."
        yield from _variables(view, change, place)


def _names(view: View) -> Iterator[str]:
    known = view.services
    names = [change.name for change in view.changes.services]
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"services: there is no service {name}; there are {listed(known)}."
        if names.count(name) > 1:
            yield f"services: {name} is named twice; say everything about a service in one entry."
    if view.changes.only_service is not None and view.changes.only_service not in known:
        yield f"only_service: there is no service {view.changes.only_service}; there are {listed(known)}."


def _variables(view: View, change: ServiceChange, place: str) -> Iterator[str]:
    secrets = {secret.env for secret in change.secrets if secret.at == "runtime"}
    secrets |= {secret.env for own in view.spec.services if own.name == change.name for secret in own.secrets}
    variables = [variable.name for variable in change.env]
    for name in dict.fromkeys(variables):
        if name in secrets or says_secret(name):
            yield f"{place}.env: {name} is a secret by its name; list it under secrets, without a value."
        elif is_risky(name):
            yield f"{place}.env: {name} decides what the program runs, loads or trusts; leave it out."
        elif variables.count(name) > 1:
            yield f"{place}.env: {name} is named twice."
        elif name == "PORT" and view.target == "cloud-run":
            yield f"{place}.env: Cloud Run sets PORT itself; change port instead."
