"""Pull requests: made, found by head, changed; their heads follow the branches."""

from __future__ import annotations

import time
from typing import Any

from . import shown
from .asked import Answer, Ask
from .refusals import NOT_FOUND, Refused, invalid, validation_failed
from .world import Repository

MAX_BODY = 65_536  # characters; recorded: a longer body is refused


def create(ask: Ask, found: Repository) -> Answer:
    ask.may(found, "pull_requests", "write")
    title, head, base = ask.text("title"), ask.text("head"), ask.text("base")
    _check_body(ask)
    branch = head.removeprefix(f"{found.owner}:")
    newer, older = found.git.branch(branch), found.git.branch(base)
    if newer is None:
        raise validation_failed(field="head", code="invalid")
    if older is None:
        raise validation_failed(field="base", code="invalid")
    with ask.world.lock:
        if any(each["state"] == "open" and (each["head"], each["base"]) == (branch, base) for each in found.pulls):
            message = f"A pull request already exists for {found.owner}:{branch}."
            raise validation_failed(code="custom", message=message)
        if not found.git.shas(newer, f"^{older}"):
            raise validation_failed(code="custom", message=f"No commits between {base} and {branch}")
        now = shown.moment(time.time())
        pull = {
            "number": len(found.pulls) + 1,
            "state": "open",
            "title": title,
            "body": ask.body.get("body"),
            "head": branch,
            "base": base,
            "sha": newer,
            "draft": bool(ask.body.get("draft")),
            "user": ask.caller.login,
            "merged_sha": None,
            "created_at": now,
            "updated_at": now,
        }
        found.pulls.append(pull)
    return Answer(201, _shown(ask, found, pull, whole=True))


def listed(ask: Ask, found: Repository) -> Answer:
    """List pull requests, newest first; a `head` that is not `owner:branch` filters nothing."""
    ask.may(found, "pull_requests", "read")
    state, head, base = ask.query.get("state", "open"), ask.query.get("head", ""), ask.query.get("base")
    owner, colon, branch = head.partition(":")
    kept = [
        pull
        for pull in reversed(found.pulls)
        if state in {"all", pull["state"]}
        and (not colon or (owner.lower() == found.owner.lower() and branch == pull["head"]))
        and base in {None, pull["base"]}
    ]
    page, headers = ask.page(kept)
    return Answer(body=[_shown(ask, found, pull, whole=False) for pull in page], headers=headers)


def one(ask: Ask, found: Repository, number: str) -> Answer:
    ask.may(found, "pull_requests", "read")
    return Answer(body=_shown(ask, found, _pull(found, number), whole=True))


def update(ask: Ask, found: Repository, number: str) -> Answer:
    ask.may(found, "pull_requests", "write")
    pull = _pull(found, number)
    _check_body(ask)
    state, base = ask.body.get("state"), ask.body.get("base")
    if base is not None and found.git.branch(base) is None:
        raise validation_failed(field="base", code="invalid")
    if base is not None and pull["state"] == "closed":
        raise invalid("Cannot change the base branch of a closed pull request.")
    if state == "open" and pull["state"] == "closed":
        if pull["merged_sha"] is not None or found.git.branch(pull["head"]) is None:
            raise validation_failed(code="custom", message="state cannot be changed. The head branch is gone.")
        if any(each["state"] == "open" and each["head"] == pull["head"] for each in found.pulls):
            message = f"A pull request already exists for {found.owner}:{pull['head']}."
            raise validation_failed(code="custom", message=message)
    wanted = {name: ask.body[name] for name in ("title", "body", "state", "base") if ask.body.get(name) is not None}
    pull |= {**wanted, "updated_at": shown.moment(time.time())}
    return Answer(body=_shown(ask, found, pull, whole=True))


def _pull(found: Repository, number: str) -> dict[str, Any]:
    if not 0 < int(number) <= len(found.pulls):
        raise Refused(404, NOT_FOUND)
    return found.pulls[int(number) - 1]


def _check_body(ask: Ask) -> None:
    body = ask.body.get("body")
    if body is not None and len(str(body)) > MAX_BODY:
        message = f"body is too long (maximum is {MAX_BODY} characters)"
        raise validation_failed(resource="Issue", code="custom", field="body", message=message)


def head_of(found: Repository, pull: dict[str, Any]) -> str:
    """Return where the head stands: the branch while the pull request is open, its last place afterwards."""
    if pull["state"] == "open":
        pull["sha"] = found.git.branch(pull["head"]) or pull["sha"]
    return str(pull["sha"])


def _shown(ask: Ask, found: Repository, pull: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    place, number = shown.repository_url(ask.root, found), pull["number"]
    head, merged = head_of(found, pull), pull["merged_sha"]
    base = found.git.branch(pull["base"])
    told = {
        **{name: pull[name] for name in ("number", "state", "title", "body", "draft", "created_at", "updated_at")},
        "id": found.id * 1000 + number,
        "node_id": f"PR_{found.id}_{number}",
        "url": f"{place}/pulls/{number}",
        "html_url": f"{ask.root}/{found.full_name}/pull/{number}",
        "user": {"login": pull["user"], "type": "Bot" if pull["user"].endswith("[bot]") else "User"},
        "head": {"label": f"{found.owner}:{pull['head']}", "ref": pull["head"], "sha": head},
        "base": {"label": f"{found.owner}:{pull['base']}", "ref": pull["base"], "sha": base},
        "merged_at": pull["updated_at"] if merged else None,
        "merge_commit_sha": merged,
    }
    if not whole:
        return told
    brought = found.git.shas(head, f"^{base}") if base and not merged else []
    return {
        **told,
        "merged": merged is not None,
        "mergeable": None,
        "mergeable_state": "unknown",
        "commits": len(brought),
    }
