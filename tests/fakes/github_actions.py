"""What the simulated GitHub can be told to do with a call; the whole vocabulary is `fakes/github/script.py: Action`.

`match` is a regular expression searched in "METHOD /path?query"; every function takes further keys of the vocabulary,
such as `skip=1` (let one such call go by), `times=3`, `delay=0.2` or `holding="createCommitOnBranch"` (in the body).
All times are seconds.
"""

from __future__ import annotations

import time
from typing import Any

from fakes.github.refusals import DOCUMENTS, PRIMARY_LIMIT, SECONDARY_LIMIT, SERVER_TROUBLE

Action = dict[str, Any]
REF_UPDATE = "PATCH .*/git/refs/"
COMMIT_MUTATION = "POST /graphql"


def error(match: str, status: int, message: str = SERVER_TROUBLE, **how: Any) -> Action:
    """Answer with an error instead of carrying the call out."""
    body = {"message": message, "documentation_url": DOCUMENTS, "status": str(status)}
    return {"match": match, "answer": {"status": status, "json": body}, **how}


def server_trouble(match: str, status: int = 502, **how: Any) -> Action:
    """Answer 5xx; with `apply=True` the call is carried out all the same."""
    return error(match, status, **how)


def apply_then_drop(match: str, by: str = "reset", **how: Any) -> Action:
    """Carry the call out, then cut the connection (`reset` or `close`) without an answer."""
    return {"match": match, "apply": True, "cut": {"how": by}, **how}


def drop(match: str, by: str = "reset", **how: Any) -> Action:
    """Cut the connection without carrying the call out."""
    return {"match": match, "cut": {"how": by}, **how}


def silent(match: str, *, applied: bool = False, **how: Any) -> Action:
    """Never answer: the client's timeout has to end it; `applied` carries the call out first."""
    return {"match": match, "hold": "after" if applied else "before", **how}


def truncated(match: str, after_bytes: int = 20, by: str = "end", **how: Any) -> Action:
    """Carry the call out and send only so much of the answer; `end` leaves the HTTP in order."""
    return {"match": match, "cut": {"how": by, "after_bytes": after_bytes}, **how}


def html(match: str, status: int = 200, **how: Any) -> Action:
    """Send the page of a proxy in between."""
    page = {"text": "<html><body>Sign in to the network</body></html>", "content_type": "text/html", "status": status}
    return {"match": match, "answer": page, **how}


def primary_limit(match: str = "", *, reset_in: float = 60, status: int = 403, **how: Any) -> Action:
    """Refuse for the hourly limit: remaining 0, reset so many seconds from now."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time() + reset_in))}
    message = PRIMARY_LIMIT.format(whom="installation ID 1001")
    return error(match, status, message, **{"headers": headers, **how})


def secondary_limit(match: str = "", *, retry_after: int | None = 60, status: int = 403, **how: Any) -> Action:
    """Refuse for asking too fast; with retry_after None only the message says so (documented: then wait a minute)."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return error(match, status, SECONDARY_LIMIT, **{"headers": headers, **how})


def graphql_error(kind: str, message: str, **how: Any) -> Action:
    """Answer a GraphQL call with status 200 and one error of this type, such as RATE_LIMITED."""
    body = {"data": None, "errors": [{"type": kind, "message": message}]}
    return {"match": "POST /graphql", "answer": {"status": 200, "json": body}, **how}


def somebody_pushes(
    match: str, repository: str, files: dict[str, str], *, branch: str = "main", when: str = "before", **how: Any
) -> Action:
    """Let a foreign commit land on a branch just `before` or `after` the call is carried out."""
    push = {"do": "push", "repository": repository, "branch": branch, "files": files}
    return {"match": match, when: [push], **how}


def meanwhile(match: str, *changes: dict[str, Any], when: str = "before", **how: Any) -> Action:
    """Change the world around a call: protect a branch, take a right away, rename the repository."""
    return {"match": match, when: list(changes), **how}
