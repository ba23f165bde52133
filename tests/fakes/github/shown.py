"""Repositories, refs, commits and trees as the REST API shows them."""

from __future__ import annotations

import base64
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from .git import Commit, Entry, Person
from .world import Caller, Repository

LINE = 60  # characters in a line of base64, as GitHub wraps it


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def person(who: Person) -> dict[str, str]:
    return {"name": who.name, "email": who.email, "date": moment(who.seconds)}


def read_moment(text: str) -> tuple[int, str]:
    """Read an ISO 8601 time into seconds and git's offset; raises ValueError."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        read = read.replace(tzinfo=timezone(timedelta(0)))
    return int(read.timestamp()), read.strftime("%z")


def wrapped(content: bytes) -> str:
    return "".join(f"{line}\n" for line in textwrap.wrap(base64.b64encode(content).decode(), LINE))


def repository_url(root: str, repository: Repository) -> str:
    return f"{root}/repos/{repository.full_name}"


def repository(root: str, shown: Repository, caller: Caller) -> dict[str, Any]:
    # What `permissions` means for an installation is not documented: false, so that nobody rests on it.
    person = caller.kind in {"fine", "classic"} and caller.holds(shown)
    writes = person and caller.allows("contents", "write")
    return {
        "id": shown.id,
        "node_id": f"R_{shown.id}",
        "name": shown.name,
        "full_name": shown.full_name,
        "owner": {"login": shown.owner, "type": "Organization"},
        "private": shown.private,
        "visibility": "private" if shown.private else "public",
        "html_url": f"{root}/{shown.full_name}",
        "url": repository_url(root, shown),
        "default_branch": shown.default_branch,
        "archived": shown.archived,
        "disabled": False,
        "fork": False,
        "size": 12 if shown.git.branches() else 0,
        "permissions": {"admin": False, "maintain": False, "push": writes, "triage": writes, "pull": person},
    }


def ref(root: str, shown: Repository, name: str, sha: str) -> dict[str, Any]:
    place = repository_url(root, shown)
    return {
        "ref": f"refs/heads/{name}",
        "node_id": f"REF_{shown.id}_{name}",
        "url": f"{place}/git/refs/heads/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{place}/git/commits/{sha}"},
    }


def git_commit(root: str, shown: Repository, commit: Commit) -> dict[str, Any]:
    """Show a commit of the Git database (`/git/commits`)."""
    place = repository_url(root, shown)
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{place}/git/commits/{commit.sha}",
        "html_url": f"{root}/{shown.full_name}/commit/{commit.sha}",
        "author": person(commit.author),
        "committer": person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{place}/git/trees/{commit.tree}"},
        "parents": [{"sha": sha, "url": f"{place}/git/commits/{sha}"} for sha in commit.parents],
        "verification": _verification(shown, commit),
    }


def commit(root: str, shown: Repository, made: Commit) -> dict[str, Any]:
    """Show a commit of the history (`/commits`)."""
    inner = git_commit(root, shown, made)
    place = repository_url(root, shown)
    return {
        "sha": made.sha,
        "node_id": inner["node_id"],
        "url": f"{place}/commits/{made.sha}",
        "html_url": inner["html_url"],
        "commit": {name: inner[name] for name in ("url", "author", "committer", "message", "tree", "verification")},
        "author": None,
        "committer": None,
        "parents": [{"sha": sha, "url": f"{place}/commits/{sha}"} for sha in made.parents],
    }


def _verification(shown: Repository, commit: Commit) -> dict[str, Any]:
    verified = commit.sha in shown.verified
    return {
        "verified": verified,
        "reason": "valid" if verified else "unsigned",
        "signature": commit.signature,
        "payload": None,
        "verified_at": moment(commit.committer.seconds) if verified else None,
    }


def tree(root: str, shown: Repository, sha: str, entries: list[Entry], *, truncated: bool) -> dict[str, Any]:
    place = repository_url(root, shown)
    return {
        "sha": sha,
        "url": f"{place}/git/trees/{sha}",
        "tree": [_tree_entry(place, entry) for entry in entries],
        "truncated": truncated,
    }


def _tree_entry(place: str, entry: Entry) -> dict[str, Any]:
    said: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
    if entry.kind == "commit":
        return said
    size = {} if entry.size is None else {"size": entry.size}
    return {**said, **size, "url": f"{place}/git/{entry.kind}s/{entry.sha}"}
