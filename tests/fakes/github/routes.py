"""Which handler answers which call, and what every call is asked first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import apps, graph, pulls, reading, writing
from .asked import Answer, Ask
from .refusals import NOT_FOUND, Refused
from .world import Repository

REPOSITORY = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<number>\d+))(?P<rest>/.*)?")
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", "", reading.repository),
    ("GET", "/installation", apps.installation_of_repository),
    ("GET", "/branches/(?P<branch>.+)/protection", reading.branch_protection),
    ("GET", "/branches/(?P<branch>.+)", reading.branch),
    ("GET", "/rules/branches/(?P<branch>.+)", reading.branch_rules),
    ("GET", "/git/ref/heads/(?P<ref>.+)", reading.ref),
    ("GET", "/git/refs/heads/(?P<ref>.+)", reading.old_refs),
    ("GET", "/git/matching-refs/heads/(?P<ref>.*)", reading.matching_refs),
    ("GET", "/git/commits/(?P<sha>[^/]+)", reading.git_commit),
    ("GET", "/git/trees/(?P<sha>.+)", reading.tree),
    ("GET", "/git/blobs/(?P<sha>[^/]+)", reading.blob),
    ("GET", "/contents/?", reading.contents),
    ("GET", "/contents/(?P<path>.+)", reading.contents),
    ("GET", "/commits", reading.commits),
    ("GET", "/commits/(?P<ref>.+)", reading.commit),
    ("GET", r"/compare/(?P<base>.+?)\.\.\.(?P<head>.+)", reading.compare),
    ("POST", "/git/blobs", writing.blob),
    ("POST", "/git/trees", writing.tree),
    ("POST", "/git/commits", writing.commit),
    ("POST", "/git/refs", writing.create_ref),
    ("PATCH", "/git/refs/heads/(?P<ref>.+)", writing.update_ref),
    ("DELETE", "/git/refs/heads/(?P<ref>.+)", writing.delete_ref),
    ("POST", "/pulls", pulls.create),
    ("GET", "/pulls", pulls.listed),
    ("GET", r"/pulls/(?P<number>\d+)", pulls.one),
    ("PATCH", r"/pulls/(?P<number>\d+)", pulls.update),
]


def answer(ask: Ask) -> Answer:
    """Answer one call; raises Refused."""
    place = REPOSITORY.fullmatch(ask.path)
    if place is not None:
        return _of_repository(ask, place)
    if (ask.method, ask.path) == ("POST", "/graphql"):
        return graph.answer(ask)
    if (ask.method, ask.path) == ("GET", "/app"):
        return apps.app(ask)
    token = re.fullmatch(r"/app/installations/(\d+)/access_tokens", ask.path)
    if token is not None and ask.method == "POST":
        return apps.access_token(ask, token[1])
    raise Refused(404, NOT_FOUND)


def _of_repository(ask: Ask, place: re.Match[str]) -> Answer:
    found = ask.world.need(int(place["number"])) if place["number"] else ask.world.repository(place["name"])
    if found is None:
        raise Refused(404, NOT_FOUND)
    rest = place["rest"] or ""
    if place["name"] and place["name"].lower() != found.full_name.lower():
        return _moved(ask, found, rest)
    for method, path, handler in ROUTES:
        match = re.fullmatch(path, rest)
        if method == ask.method and match is not None:
            arguments: dict[str, Any] = match.groupdict()
            return handler(ask, found, **arguments)
    raise Refused(404, NOT_FOUND)


def _moved(ask: Ask, found: Repository, rest: str) -> Answer:
    """Redirect a former name to the repository's number: 301 to readers, 307 (repeat it as it was) to writers."""
    if ask.caller.kind != "app":  # an App asks with its JWT where it is installed, and is redirected, too
        ask.may(found, "metadata", "read")
    query = "?" + "&".join(f"{name}={value}" for name, value in ask.query.items()) if ask.query else ""
    url = f"{ask.root}/repositories/{found.id}{rest}{query}"
    status, message = (301, "Moved Permanently") if ask.method == "GET" else (307, "Temporary Redirect")
    return Answer(status, {"message": message, "url": url}, {"location": url})
