"""Repositories, refs and Git objects as GraphQL shows them: values, and functions for what is asked with arguments."""

from __future__ import annotations

from typing import Any

from . import shown
from .world import Caller, Repository

HISTORY = 100  # documented: the most nodes one page may hold


def repository(root: str, found: Repository, caller: Caller) -> dict[str, Any]:
    writes = caller.holds(found) and caller.allows("contents", "write")
    default = found.git.branch(found.default_branch)
    return {
        "id": f"R_{found.id}",
        "nameWithOwner": found.full_name,
        "isArchived": found.archived,
        "isEmpty": not found.git.branches(),
        "isPrivate": found.private,
        "viewerPermission": "WRITE" if writes else "READ",
        "defaultBranchRef": ref(root, found, found.default_branch, default) if default else None,
        "ref": lambda _info, qualifiedName: _ref_named(root, found, qualifiedName),  # noqa: N803 - GraphQL's name
        "object": lambda _info, oid=None, expression=None: _object(root, found, oid or expression or ""),
    }


def _ref_named(root: str, found: Repository, name: str) -> dict[str, Any] | None:
    branch = name.removeprefix("refs/heads/")
    sha = found.git.branch(branch)
    return ref(root, found, branch, sha) if sha else None


def ref(root: str, found: Repository, name: str, sha: str) -> dict[str, Any]:
    target = commit(root, found, sha)
    return {"id": f"REF_{found.id}_{name}", "name": name, "prefix": "refs/heads/", "target": target}


def commit(root: str, found: Repository, sha: str) -> dict[str, Any]:
    made = found.git.commit(sha)
    headline, _, body = made.message.partition("\n")
    verified = sha in found.verified
    signature = {"isValid": verified, "state": "VALID", "wasSignedByGitHub": verified}
    return {
        "__typename": "Commit",
        "oid": sha,
        "abbreviatedOid": sha[:7],
        "url": f"{root}/{found.full_name}/commit/{sha}",
        "message": made.message,
        "messageHeadline": headline,
        "messageBody": body.strip("\n"),
        "authoredDate": shown.moment(made.author.seconds),
        "committedDate": shown.moment(made.committer.seconds),
        "tree": lambda _info: _tree(found, made.tree),
        "parents": lambda _info, first=HISTORY: _commits(root, found, list(made.parents)[:first], len(made.parents)),
        "history": lambda _info, first=HISTORY: _history(root, found, sha, first),
        "signature": signature if made.signature else None,
    }


def _history(root: str, found: Repository, sha: str, first: int) -> dict[str, Any]:
    everything = found.git.shas(sha)
    return _commits(root, found, everything[: min(first, HISTORY)], len(everything))


def _commits(root: str, found: Repository, shas: list[str], total: int) -> dict[str, Any]:
    return {"totalCount": total, "nodes": lambda _info: [commit(root, found, sha) for sha in shas]}


def _object(root: str, found: Repository, expression: str) -> dict[str, Any] | None:
    """Resolve a SHA, a branch or `branch:path`."""
    name, colon, path = expression.partition(":")
    sha = found.git.commit_named(name)
    if sha is None:
        kind = found.git.kind(name)
        return {"blob": _blob, "tree": _tree}[kind](found, name) if kind in {"blob", "tree"} else None
    if not colon:
        return commit(root, found, sha)
    if not path:
        return _tree(found, found.git.tree_of(sha) or "")
    entries = found.git.entries(sha, path)
    if not entries or entries[0].kind == "commit":
        return None
    return {"blob": _blob, "tree": _tree}[entries[0].kind](found, entries[0].sha)


def _tree(found: Repository, sha: str) -> dict[str, Any]:
    entries = [
        {
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "type": entry.kind,
            "mode": int(entry.mode, 8),
            "oid": entry.sha,
        }
        for entry in found.git.entries(sha)
    ]
    return {"__typename": "Tree", "oid": sha, "abbreviatedOid": sha[:7], "entries": entries}


def _blob(found: Repository, sha: str) -> dict[str, Any]:
    content = found.git.blob(sha)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = None
    return {"__typename": "Blob", "oid": sha, "abbreviatedOid": sha[:7], "byteSize": len(content), "text": text}
