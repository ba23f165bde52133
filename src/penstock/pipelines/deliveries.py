"""Which delivery a command asks for, checked before the promise and carried out after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock.delivery.decide import LOCK_FILE, decide
from penstock.delivery.local_files import present, refuse_links, write_files
from penstock.delivery.local_git import commit_branch, refuse_branch
from penstock.delivery.ports import RepositoryName, checked_branch
from penstock.domain.artifacts import Artifact, digest_of
from penstock.domain.deliveries import HOSTED, DeliveryOrder
from penstock.domain.pipelines import Delivery, GeneratePipeline, Options, Plan
from penstock.errors import InvalidConfiguration
from penstock.pipelines.answers import promised_answer

LOCAL = ("none", "files", "branch")
MODES = (*LOCAL, *sorted(HOSTED))


@dataclass(frozen=True)
class Deliveries:
    """Delivers into folders and git repositories of this machine; without a folder, the caller keeps the files.

    ``hosted``: whether a repository host is configured, for the deliveries that go there.
    """

    hosted: bool = False

    def check(self, command: GeneratePipeline) -> None:
        """Refuse what cannot be delivered before any work is done. Raises InvalidConfiguration."""
        options = command.options
        modes = MODES if self.hosted else LOCAL
        if options.delivery not in modes:
            message = f"Delivery {ascii(options.delivery)[:60]} is not possible here; there are {', '.join(modes)}."
            steps = () if self.hosted else ("Set PENSTOCK_GITHUB__TOKEN, or the settings of a GitHub App.",)
            raise InvalidConfiguration(message, fields=["options.delivery"], next_steps=steps or None)
        if options.delivery in HOSTED:
            _check_hosted(command)
            return
        if options.delivery != "none" and command.local_path is None:
            message = "This server cannot write into a repository: it was given files, not a folder of its own."
            raise InvalidConfiguration(
                message,
                fields=["options.delivery"],
                next_steps=("Leave options.delivery out and commit the artifacts yourself.",),
            )
        if options.delivery == "branch" and options.delivery_branch and command.local_path is not None:
            checked_branch(options.delivery_branch, field="options.delivery_branch")
            refuse_branch(Path(command.local_path), options.delivery_branch)

    def order(self, command: GeneratePipeline, plan: Plan) -> DeliveryOrder:
        """Return what is promised: kept in the record, so that anybody can finish it."""
        text = None
        if command.options.delivery in HOSTED:
            from penstock.delivery.pull_requests import pull_request_text

            text = pull_request_text(plan)
        return DeliveryOrder(
            mode=command.options.delivery,
            repository=command.repository,
            branch=command.ref,
            service=plan.spec.name,
            title=text.title if text else "",
            body=text.body if text else "",
            skills=tuple(str(use) for use in plan.skills_used),
            artifact_digest=digest_of(plan.artifacts),
            overwrite=command.options.overwrite,
            answer=promised_answer(plan),
        )

    def preflight(self, command: GeneratePipeline, artifacts: Sequence[Artifact]) -> None:
        """Find the files in the way before the record promises anything. Raises DeliveryConflict, PathProblem."""
        if command.options.delivery != "files" or command.local_path is None:
            return
        root = Path(command.local_path)
        for artifact in artifacts:
            refuse_links(root, artifact.path)
        decide(artifacts, lambda path: present(root / path), overwrite=command.options.overwrite)

    async def deliver(self, command: GeneratePipeline, plan: Plan, pipeline_id: str) -> Delivery:
        """Carry out the delivery. Raises DeliveryConflict, DeliveryFailed, InvalidConfiguration, PathProblem."""
        options = command.options
        if options.delivery == "none" or command.local_path is None:
            return Delivery("none")
        root = Path(command.local_path)
        if options.delivery == "files":
            return await asyncio.to_thread(write_files, root, plan.artifacts, overwrite=options.overwrite)
        return await asyncio.to_thread(_commit, root, plan, options, pipeline_id)


def _check_hosted(command: GeneratePipeline) -> None:
    """Refuse a delivery to nowhere. Raises InvalidConfiguration."""
    if not command.repository:
        message = f"Delivery {command.options.delivery!r} needs a repository."
        steps = ("Name it as owner/name in service_context.repository (--repository).",)
        raise InvalidConfiguration(message, fields=["service_context.repository"], next_steps=steps)
    RepositoryName.parse(command.repository)
    if command.ref is not None:
        checked_branch(command.ref)


def _commit(root: Path, plan: Plan, options: Options, pipeline_id: str) -> Delivery:
    return commit_branch(
        root,
        plan.artifacts,
        branch=options.delivery_branch or f"penstock/{plan.spec.name}",
        pipeline_id=pipeline_id,
        skills=[str(use) for use in plan.skills_used],
        overwrite=options.overwrite,
    )


__all__ = ["LOCK_FILE", "MODES", "Deliveries"]
