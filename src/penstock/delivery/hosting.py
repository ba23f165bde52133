"""Delivery to a repository host: onto the branch, or as a pull request; ``auto`` takes what the branch allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from penstock.delivery.ports import (
    CommitOrder,
    CommitPlans,
    Committed,
    HostRefused,
    Preflight,
    PullRequest,
    PullRequestText,
    RepositoryHost,
    RepositoryName,
)
from penstock.delivery.pull_requests import branch_of
from penstock.domain.artifacts import Artifact

AUTO, COMMIT, PULL_REQUEST = "auto", "commit", "pull_request"
_WORKFLOWS = ".github/workflows/"
_PROTECTS = frozenset({"protected", "merge_queue"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One delivery, as it was promised: the same for whoever carries it out."""

    repository: RepositoryName
    mode: str
    """auto, commit, pull_request."""
    service: str
    artifacts: tuple[Artifact, ...]
    pipeline_id: str
    created_at: datetime
    text: PullRequestText
    branch: str | None = None
    """The branch that shall have the files in the end; None: the default branch."""
    skills: tuple[str, ...] = ()
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a delivery ended."""

    mode: str
    """commit or pull_request: what it came to."""
    committed: Committed
    pull_request: PullRequest | None = None


async def deliver_to_host(host: RepositoryHost, wanted: Wanted, plans: CommitPlans) -> Delivered:
    """Deliver, once, however often it is tried.

    An earlier attempt may have been the one that counts, so nothing is refused before that was looked up, whatever the
    repository allows by now (``check`` is for before the promise). Raises HostAway, HostRefused, DeliveryConflict,
    PathProblem, InvalidConfiguration, and what ``plans`` raises.
    """
    found = await host.preflight(wanted.repository, wanted.branch)
    own = branch_of(wanted.service)
    if chosen_mode(wanted.mode, found) == COMMIT:
        try:
            committed = await host.deliver(_order(wanted, found, found.branch, own), plans)
            return await _shown(host, wanted, found, committed, COMMIT)
        except HostRefused as refusal:
            if wanted.mode != AUTO or refusal.kind not in _PROTECTS or not found.may_open_pull_request:
                raise
    committed = await host.deliver(_order(wanted, found, own, own), plans)
    return await _shown(host, wanted, found, committed, PULL_REQUEST)


def chosen_mode(mode: str, found: Preflight) -> str:
    """Return commit or pull_request: ``auto`` opens a pull request where the branch is protected."""
    return (PULL_REQUEST if found.protected else COMMIT) if mode == AUTO else mode


def check(found: Preflight, mode: str, artifacts: tuple[Artifact, ...] = ()) -> None:
    """Refuse what cannot end well before anything is spent. ``artifacts``: once they are known. Raises HostRefused."""
    name = found.repository
    if found.archived:
        raise HostRefused("archived", f"{name} is archived.", ("Unarchive it, then send it again.",))
    if found.empty:
        steps = ("Make a first commit, such as a README, then send it again.",)
        raise HostRefused("empty", f"{name} has no commit yet.", steps)
    if not found.may_write:
        steps = ("Give the Penstock App (or token) write access to the repository's contents, then send it again.",)
        raise HostRefused("permission", f"Penstock may not write to {name}.", steps)
    taken = chosen_mode(mode, found)
    if taken == PULL_REQUEST and not found.may_open_pull_request:
        steps = ("Give the Penstock App (or token) write access to pull requests, then send it again.",)
        raise HostRefused("permission", f"Penstock may not open pull requests in {name}.", steps)
    if taken == COMMIT and found.protected:
        steps = ("Deliver as a pull request (delivery: pull_request), or lift the protection.",)
        raise HostRefused("protected", f"Branch {found.branch} of {name} is protected.", steps)
    workflow = next((each.path for each in artifacts if each.path.startswith(_WORKFLOWS)), None)
    if workflow and not found.may_write_workflows:
        steps = ("Give the Penstock App the workflows permission (a token: the workflow scope), then send it again.",)
        raise HostRefused("workflows", f"Penstock may not write {workflow} in {name}.", steps)


def _order(wanted: Wanted, found: Preflight, branch: str, own: str) -> CommitOrder:
    """Return the commit's order; an earlier attempt may have left the commit on either branch, whatever the mode."""
    return CommitOrder(
        repository=found.repository,
        branch=branch,
        start=found.branch,
        artifacts=wanted.artifacts,
        pipeline_id=wanted.pipeline_id,
        created_at=wanted.created_at,
        skills=wanted.skills,
        elsewhere=tuple(sorted({own, found.branch} - {branch})),
        overwrite=wanted.overwrite,
        signed=found.needs_signatures,
    )


async def _shown(host: RepositoryHost, wanted: Wanted, found: Preflight, committed: Committed, mode: str) -> Delivered:
    """Open or renew the pull request of a commit that is not where it shall end."""
    if committed.branch == found.branch:
        return Delivered(mode, committed)
    opened = await host.pull_request(found.repository, head=committed.branch, base=found.branch, text=wanted.text)
    return Delivered(PULL_REQUEST, committed, opened)
