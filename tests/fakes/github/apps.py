"""What an App asks with its JWT: who it is, where it is installed, and tokens to work with."""

from __future__ import annotations

from typing import Any

from . import shown
from .access import app_of
from .asked import Answer, Ask
from .refusals import NOT_FOUND, SUSPENDED, Refused, invalid
from .world import LEVELS, App, Installation, Repository


def app(ask: Ask) -> Answer:
    found = app_of(ask.world, ask.headers)
    return Answer(body={"id": found.id, "slug": found.slug, "client_id": found.client_id, "name": found.slug})


def installation_of_repository(ask: Ask, found: Repository) -> Answer:
    """Say which installation covers a repository; 404 when the App is not installed there."""
    asking = app_of(ask.world, ask.headers)
    installed = ask.world.installation_on(found, asking)
    if installed is None:
        raise Refused(404, NOT_FOUND)
    return Answer(body=_shown(ask, installed))


def access_token(ask: Ask, number: str) -> Answer:
    """Make an installation token, narrowed to the repositories and permissions asked for."""
    asking = app_of(ask.world, ask.headers)
    installed = _installation(ask, asking, int(number))
    if installed.suspended:
        raise Refused(403, SUSPENDED)
    permissions = ask.body.get("permissions") or installed.permissions
    for name, level in permissions.items():
        if LEVELS.index(level) > LEVELS.index(installed.permissions.get(name, "none")):
            raise invalid("The permissions requested are not granted to this installation.")
    permissions = {"metadata": "read", **permissions}
    token, ends = ask.world.issue_token(installed, permissions, _wanted_repositories(ask, installed))
    selection = "all" if installed.repositories is None else "selected"
    told = {"permissions": permissions, "repository_selection": selection}
    return Answer(201, {"token": token, "expires_at": shown.moment(ends), **told})


def _installation(ask: Ask, asking: App, number: int) -> Installation:
    found = ask.world.installation(number)
    if found is None or found.app is not asking:
        raise Refused(404, NOT_FOUND)
    return found


def _wanted_repositories(ask: Ask, installed: Installation) -> frozenset[int]:
    held = ask.world.owned_by(installed.account)
    if installed.repositories is not None:
        held &= installed.repositories
    names, numbers = ask.body.get("repositories"), ask.body.get("repository_ids")
    if names is None and numbers is None:
        return held
    found = [ask.world.repository(f"{installed.account}/{name}") for name in names or ()]
    wanted = {None if each is None else each.id for each in found} | set(numbers or ())
    if wanted - held:
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise invalid(message)
    return frozenset(each for each in wanted if each is not None)


def _shown(ask: Ask, installed: Installation) -> dict[str, Any]:
    return {
        "id": installed.id,
        "app_id": installed.app.id,
        "app_slug": installed.app.slug,
        "account": {"login": installed.account, "type": "Organization"},
        "target_type": "Organization",
        "permissions": installed.permissions,
        "repository_selection": "all" if installed.repositories is None else "selected",
        "access_tokens_url": f"{ask.root}/app/installations/{installed.id}/access_tokens",
        "suspended_at": shown.moment(0) if installed.suspended else None,
    }
