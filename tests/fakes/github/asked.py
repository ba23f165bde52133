"""One call as the handlers see it, and the answer they give."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from fakes.wire import Request

from .access import check
from .refusals import EMPTY, Refused, invalid
from .world import Caller, Repository, World

PER_PAGE, MAX_PER_PAGE = 30, 100
ENTERPRISE = {"/api/v3": "", "/api/graphql": "/graphql"}  # documented: where GitHub Enterprise Server has the same API


@dataclass(frozen=True, slots=True)
class Answer:
    """A body of None is sent as no body at all; `raw` is sent as it is."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """`path` is without the prefix of GitHub Enterprise and without escapes; `root` is what URLs in answers begin with."""

    world: World
    caller: Caller
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]
    root: str

    def may(self, repository: Repository, name: str, level: str) -> None:
        check(self.caller, repository, name, level)

    def text(self, name: str) -> str:
        """Return a field of the body that must be a text."""
        value = self.body.get(name)
        if not isinstance(value, str):
            raise invalid(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value

    def page(self, found: list[Any]) -> tuple[list[Any], dict[str, str]]:
        """Cut a list as `page` and `per_page` ask, with the Link header that leads to the rest."""
        size = max(1, min(int(self.query.get("per_page", PER_PAGE)), MAX_PER_PAGE))
        number = max(1, int(self.query.get("page", 1)))
        headers = {}
        if number * size < len(found):
            more = {**self.query, "page": str(number + 1)}
            asked = "&".join(f"{name}={value}" for name, value in more.items())
            headers["link"] = f'<{self.root}{self.path}?{asked}>; rel="next"'
        return found[(number - 1) * size : number * size], headers


def place_of(target: str) -> tuple[str, str, str]:
    """Split a request's target into path (Enterprise prefix taken off), query and that prefix."""
    path, _, query = target.partition("?")
    for prefix, instead in ENTERPRISE.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return instead + path.removeprefix(prefix), query, "/api/v3"
    return path, query, ""


def read(request: Request, world: World, caller: Caller) -> Ask:
    """Read a request; raises Refused 400 for a body that is no JSON object."""
    path, query, prefix = place_of(request.path)
    body: Any = {}
    if request.body:
        try:
            body = json.loads(request.body)
        except ValueError as problem:
            raise Refused(400, "Problems parsing JSON") from problem
        if not isinstance(body, dict):
            raise Refused(400, "Body should be a JSON object")
    root = f"http://{request.headers.get('host', 'localhost')}{prefix}"
    return Ask(world, caller, request.method, unquote(path), dict(parse_qsl(query)), body, request.headers, root)


def not_empty(repository: Repository) -> None:
    """Refuse the Git database of a repository without any branch."""
    if not repository.git.branches():
        raise Refused(409, EMPTY)
