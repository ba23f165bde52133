"""Deliveries to a repository host: looked at before anything is spent, read without a clone, committed exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from penstock.database.recovery_ports import Recoveries, SavedPlan
from penstock.delivery.ports import CommitOrder, HostAway, HostRefused, PullRequestText, RepositoryHost, RepositoryName
from penstock.domain.deliveries import HOSTED, DeliveryOrder
from penstock.domain.pipelines import Delivery
from penstock.errors import DeliveryConflict, PenstockError, RepositoryForbidden, RepositoryNotFound

if TYPE_CHECKING:
    from penstock.database.ports import Claim
    from penstock.delivery.ports import Preflight
    from penstock.delivery.remote_files import RemoteFiles
    from penstock.domain.artifacts import Artifact
    from penstock.domain.pipelines import GeneratePipeline

_INSTALL = "Install Penstock's GitHub App on the repository, or ask its owner to grant the right."
_FORBIDDEN = frozenset({"permission", "workflows"})


@dataclass(frozen=True)
class _Plans:
    """The saved plans of one claim, as the commit protocol needs them."""

    recoveries: Recoveries
    claim: Claim

    async def known(self) -> Sequence[str]:
        return [plan.commit_sha for plan in await self.recoveries.plans(self.claim.pipeline_id)]

    async def save(self, base_sha: str, commit_sha: str, repo: str, branch: str) -> None:
        await self.recoveries.save_plan(self.claim, SavedPlan(repo, branch, base_sha, commit_sha))


@dataclass(frozen=True)
class Hosted:
    """One repository host."""

    host: RepositoryHost
    recoveries: Recoveries

    async def preflight(self, command: GeneratePipeline) -> Preflight | None:
        """Look at the repository before any work; None when the host does not answer: then the work goes on (§2.4).

        Raises RepositoryNotFound, RepositoryForbidden, DeliveryConflict for what no delivery can mend.
        """
        repository = RepositoryName.parse(command.repository or "")
        try:
            found = await self.host.preflight(repository, command.ref)
        except HostAway:
            return None
        except HostRefused as refused:
            raise _early(refused) from refused
        if command.options.delivery in HOSTED:
            _check(found, command.options.delivery)
        return found

    async def files(self, preflight: Preflight, skipped: frozenset[str]) -> RemoteFiles:
        """List the repository's files. Raises HostAway, RepositoryNotFound, RepositoryForbidden."""
        try:
            return await self.host.files(preflight.repository, preflight.head_sha, skipped_folders=skipped)
        except HostRefused as refused:
            raise _early(refused) from refused

    async def deliver(self, claim: Claim, order: DeliveryOrder, artifacts: tuple[Artifact, ...]) -> Delivery:
        """Commit, or commit and open a pull request. Raises HostAway, HostRefused, DeliveryConflict, PathProblem."""
        repository = RepositoryName.parse(order.repository or "")
        found = await self.host.preflight(repository, order.branch)
        direct = order.mode == "commit" or (order.mode == "auto" and not found.protected)
        own = f"penstock/{order.service or 'pipeline'}"
        branch = found.branch if direct else own
        commit = CommitOrder(
            repository=found.repository,
            branch=branch,
            start=found.branch,
            artifacts=artifacts,
            pipeline_id=claim.pipeline_id,
            created_at=made_at(claim.pipeline_id),
            skills=order.skills,
            elsewhere=tuple({own, found.branch} - {branch}),
            overwrite=order.overwrite,
            signed=found.needs_signatures,
        )
        committed = await self.host.deliver(commit, _Plans(self.recoveries, claim))
        opened = None
        if not direct and committed.branch != found.branch:
            text = PullRequestText(order.title, order.body)
            opened = await self.host.pull_request(found.repository, head=branch, base=found.branch, text=text)
        return Delivery(
            mode="commit" if direct else "pull_request",
            written=committed.written,
            unchanged=committed.unchanged,
            branch=committed.branch,
            commit_sha=committed.commit_sha,
            no_changes=committed.no_changes,
            pull_request=opened.url if opened else None,
        )


def made_at(pipeline_id: str) -> datetime:
    """Return the second in a version 7 uuid: the same for everybody who ever delivers this pipeline."""
    millis = UUID(pipeline_id).int >> 80
    return datetime.fromtimestamp(millis // 1000, UTC)


def _early(refused: HostRefused) -> PenstockError:
    if refused.kind == "not_found":
        return RepositoryNotFound(refused.message, next_steps=(*refused.next_steps, _INSTALL))
    if refused.kind in _FORBIDDEN:
        return RepositoryForbidden(refused.message, next_steps=refused.next_steps or (_INSTALL,))
    return DeliveryConflict(refused.message, next_steps=refused.next_steps or None, kind=refused.kind)


def _check(found: Preflight, delivery: str) -> None:
    """Refuse what this repository will not take. Raises RepositoryForbidden, DeliveryConflict."""
    if found.archived or found.empty:
        what = "is archived and takes no commits" if found.archived else "is empty: it has no first commit"
        message = f"{found.repository} {what}."
        raise DeliveryConflict(message, next_steps=("Change that at the host, then send it again.",))
    if not found.may_write or (delivery != "commit" and found.protected and not found.may_open_pull_request):
        message = f"Penstock may not write to {found.repository}."
        raise RepositoryForbidden(message, next_steps=(_INSTALL,))
    if delivery == "commit" and found.protected:
        message = f"The branch {found.branch} of {found.repository} is protected: nothing is committed to it directly."
        steps = ("Send it with options.delivery=pull_request (or auto), which opens a pull request.",)
        raise DeliveryConflict(message, next_steps=steps)
