"""What GitHub lets one know before anything is spent: repository, branch, protection, rights."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.delivery.github_client import Client
from penstock.delivery.ports import HostAway, HostRefused, Preflight, RepositoryName, checked_branch

_BARRING = frozenset(
    {
        "pull_request", "merge_queue", "update", "required_status_checks", "required_deployments", "code_scanning",
        "workflows", "code_quality",
    }
)  # fmt: skip
"""Types of ruleset rules that refuse a commit pushed straight onto the branch."""
_WRITES = frozenset({"write", "admin"})


async def look(client: Client, repository: RepositoryName, branch: str | None) -> Preflight:
    """Look at a repository and one of its branches. Raises HostAway, HostRefused, InvalidConfiguration."""
    grant = await client.credentials.grant(repository)
    reply = await client.get(repository, "")
    told = _object(reply.json)
    named, default = _named(told)
    branch = checked_branch(branch or default)
    head, rules = await asyncio.gather(_head(client, named, branch), _rules(client, named, branch))
    empty = head is None and await _empty(client, named, branch)
    if head is None and not empty:
        raise HostRefused("not_found", f"{named} has no branch {branch}.", ("Name a branch that exists.",))
    rights: Mapping[str, str] | None = getattr(grant, "permissions", None)
    pushes = _object(told.get("permissions") or {}).get("push") is True
    return Preflight(
        repository=named,
        default_branch=default,
        branch=branch,
        head_sha="" if head is None else str(_object(head["commit"])["sha"]),
        protected=_protected(head or {}, rules),
        needs_signatures=any(each.get("type") == "required_signatures" for each in rules),
        may_write=pushes if rights is None else rights.get("contents") in _WRITES,
        may_open_pull_request=pushes if rights is None else rights.get("pull_requests") in _WRITES,
        may_write_workflows=_workflows(rights, reply.headers),
        empty=empty,
        archived=told.get("archived") is True,
    )


def _named(told: Mapping[str, Any]) -> tuple[RepositoryName, str]:
    """Return the repository's name and default branch today."""
    name, default = told.get("full_name"), told.get("default_branch")
    if not isinstance(name, str) or not isinstance(default, str):
        raise HostAway("GitHub's answer about the repository is none.")
    return RepositoryName.parse(name), default


async def _head(client: Client, repository: RepositoryName, branch: str) -> dict[str, Any] | None:
    try:
        told = _object((await client.get(repository, f"/branches/{branch}")).json)
    except HostRefused as refusal:
        if refusal.kind != "not_found":
            raise
        return None
    if not isinstance(_object(told.get("commit")).get("sha"), str):
        raise HostAway("GitHub's answer about the branch is none.")
    return told


async def _rules(client: Client, repository: RepositoryName, branch: str) -> Sequence[Mapping[str, Any]]:
    """Return the rulesets' rules for a branch; older GitHub Enterprise has none to tell."""
    try:
        told = (await client.get(repository, f"/rules/branches/{branch}", per_page="100")).json
    except HostRefused:
        return []
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


async def _empty(client: Client, repository: RepositoryName, branch: str) -> bool:
    try:
        await client.get(repository, f"/git/ref/heads/{branch}")
    except HostRefused as refusal:
        return refusal.kind == "empty"
    return False


def _protected(head: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a commit straight onto the branch would be refused, as far as it can be seen.

    Classic protection shows its details to administrators only, so it counts as barring. A ruleset's rules are plain.
    """
    if any(each.get("type") in _BARRING for each in rules):
        return True
    classic = head.get("protection")
    if isinstance(classic, dict) and isinstance(classic.get("enabled"), bool):
        return bool(classic["enabled"])
    return head.get("protected") is True and not rules


def _workflows(rights: Mapping[str, str] | None, headers: Mapping[str, str]) -> bool:
    if rights is not None:
        return rights.get("workflows") in _WRITES
    scopes = headers.get("x-oauth-scopes")
    return True if not scopes else "workflow" in {each.strip() for each in scopes.split(",")}


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise HostAway("GitHub's answer about the repository is none.")
    return told
