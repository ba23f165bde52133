"""Deliveries to a repository host: looked at before anything is spent, read without a clone, committed exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from penstock.database.recovery_ports import Recoveries, SavedPlan
from penstock.delivery.hosting import Wanted, check, deliver_to_host
from penstock.delivery.ports import HostAway, HostRefused, PullRequestText, RepositoryHost, RepositoryName
from penstock.domain.deliveries import HOSTED, DeliveryOrder
from penstock.domain.pipelines import Delivery
from penstock.errors import DeliveryConflict, PenstockError, RepositoryAway, RepositoryForbidden, RepositoryNotFound
from penstock.kit.crash_points import crash_point
from penstock.pipelines.host_words import told

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
        crash_point("K10")


@dataclass(frozen=True)
class Hosted:
    """One repository host."""

    host: RepositoryHost
    recoveries: Recoveries | None
    """None where nothing is recorded, and so nothing delivered."""

    async def preflight(self, command: GeneratePipeline) -> Preflight | None:
        """Look at the repository before any work; None when the host does not answer: then the work goes on (§2.4).

        Raises RepositoryNotFound, RepositoryForbidden, DeliveryConflict for what no delivery can mend.
        """
        repository = RepositoryName.parse(command.repository or "")
        try:
            found = await self.host.preflight(repository, command.ref)
            if command.options.delivery in HOSTED:
                check(found, command.options.delivery)
        except HostAway:
            return None
        except HostRefused as refused:
            raise _early(refused) from refused
        return found

    async def files(self, preflight: Preflight, skipped: frozenset[str]) -> RemoteFiles:
        """List the repository's files. Raises RepositoryAway, RepositoryNotFound, RepositoryForbidden."""
        try:
            files = await self.host.files(preflight.repository, preflight.head_sha, skipped_folders=skipped)
            files.default_branch = preflight.default_branch
            return files  # noqa: TRY300 -- the branch belongs to the listing
        except HostAway as away:
            raise RepositoryAway(told(away.message)) from away
        except HostRefused as refused:
            raise _early(refused) from refused

    async def present(self, order: DeliveryOrder, paths: Sequence[str], skipped: frozenset[str]) -> dict[str, bytes]:
        """Return those files that the branch has now. Raises HostAway, HostRefused."""
        found = await self.host.preflight(RepositoryName.parse(order.repository or ""), order.branch)
        files = await self.host.files(found.repository, found.head_sha, skipped_folders=skipped)
        await files.load(path for path in paths if path in set(files.paths))
        read = {path: files.read(path) for path in paths}
        return {path: content for path, content in read.items() if content is not None}

    async def deliver(self, claim: Claim, order: DeliveryOrder, artifacts: tuple[Artifact, ...]) -> Delivery:
        """Commit, or commit and open a pull request. Raises HostAway, HostRefused, DeliveryConflict, PathProblem."""
        wanted = Wanted(
            repository=RepositoryName.parse(order.repository or ""),
            mode=order.mode,
            service=order.service or "pipeline",
            artifacts=artifacts,
            pipeline_id=claim.pipeline_id,
            created_at=made_at(claim.pipeline_id),
            text=PullRequestText(order.title, order.body),
            branch=order.branch,
            skills=order.skills,
            overwrite=order.overwrite,
        )
        if self.recoveries is None:
            message = "Nothing is delivered without a record of its plans."
            raise RuntimeError(message)
        done = await deliver_to_host(self.host, wanted, _Plans(self.recoveries, claim))
        return Delivery(
            mode=done.mode,
            written=done.committed.written,
            unchanged=done.committed.unchanged,
            branch=done.committed.branch,
            commit_sha=done.committed.commit_sha,
            no_changes=done.committed.no_changes,
            pull_request=done.pull_request.url if done.pull_request else None,
        )


def made_at(pipeline_id: str) -> datetime:
    """Return the second in a version 7 uuid: the same for everybody who ever delivers this pipeline."""
    millis = UUID(pipeline_id).int >> 80
    return datetime.fromtimestamp(millis // 1000, UTC)


def _early(refused: HostRefused) -> PenstockError:
    if refused.kind == "not_found":
        return RepositoryNotFound(told(refused.message), next_steps=(*refused.next_steps, _INSTALL))
    if refused.kind in _FORBIDDEN:
        return RepositoryForbidden(told(refused.message), next_steps=refused.next_steps or (_INSTALL,))
    return DeliveryConflict(told(refused.message), next_steps=refused.next_steps or None, kind=refused.kind)
