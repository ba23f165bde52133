"""The pull request of a branch: opened once, its text renewed afterwards."""

from __future__ import annotations

from typing import Any

from penstock.delivery.github_client import Client, Unanswered
from penstock.delivery.ports import HostAway, HostRefused, PullRequest, PullRequestText, RepositoryName

_THERE_ALREADY, _NOTHING_TO_MERGE = "pull request already exists", "no commits between"


async def open_or_renew(
    client: Client, repository: RepositoryName, *, head: str, base: str, text: PullRequestText
) -> PullRequest | None:
    """Open a pull request or renew the open one's text; None when there is nothing to merge.

    GitHub itself allows one open pull request for a head and a base, so looking first and looking again after an
    unknown answer makes no second one. Raises HostAway, HostRefused.
    """
    for last in (False, True):
        found = await _open(client, repository, head, base)
        if found is not None:
            told = await client.change(repository, "PATCH", f"/pulls/{found}", {"body": text.body})
            return _read(told, updated=True)
        body = {"title": text.title, "body": text.body, "head": head, "base": base}
        try:
            return _read(await client.change(repository, "POST", "/pulls", body, repeat=False), updated=False)
        except Unanswered:
            if last:
                raise
        except HostRefused as refusal:
            if _NOTHING_TO_MERGE in refusal.message.lower():
                return None
            if last or _THERE_ALREADY not in refusal.message.lower():
                raise
    raise AssertionError


async def _open(client: Client, repository: RepositoryName, head: str, base: str) -> int | None:
    """Return the number of the open pull request from a branch of this repository into another."""
    asked = {"state": "open", "head": f"{repository.owner}:{head}", "base": base}
    told = (await client.get(repository, "/pulls", **asked)).json
    listed = told if isinstance(told, list) else []
    numbers = [each["number"] for each in listed if _from(each, head)]
    return int(numbers[0]) if numbers else None


def _from(told: Any, head: str) -> bool:
    """Whether an entry really is of this branch: a filter GitHub does not understand filters nothing."""
    return isinstance(told, dict) and isinstance(told.get("head"), dict) and told["head"].get("ref") == head


def _read(told: Any, *, updated: bool) -> PullRequest:
    try:
        return PullRequest(int(told["number"]), str(told["html_url"]), updated)
    except (KeyError, TypeError, ValueError):
        raise HostAway("GitHub's answer about the pull request is none.") from None
