"""Which delivery a command asks for, checked before the promise and carried out after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from penstock.delivery.decide import LOCK_FILE, decide
from penstock.delivery.local_files import present, refuse_links, write_files
from penstock.delivery.local_git import commit_branch, refuse_branch
from penstock.domain.artifacts import Artifact
from penstock.domain.pipelines import Delivery, GeneratePipeline, Options, Plan
from penstock.errors import InvalidConfiguration

MODES = ("none", "files", "branch")


class Deliveries:
    """Delivers into folders and git repositories of this machine; without a folder, the caller keeps the files."""

    def check(self, command: GeneratePipeline) -> None:
        """Refuse what cannot be delivered before any work is done. Raises InvalidConfiguration."""
        options = command.options
        if options.delivery not in MODES:
            message = f"Delivery {options.delivery!r} is not possible here; there are {', '.join(MODES)}."
            raise InvalidConfiguration(message, fields=["options.delivery"])
        if options.delivery != "none" and command.local_path is None:
            message = "This server cannot write into a repository: it was given files, not a folder of its own."
            raise InvalidConfiguration(
                message,
                fields=["options.delivery"],
                next_steps=("Leave options.delivery out and commit the artifacts yourself.",),
            )
        if options.delivery == "branch" and options.delivery_branch and command.local_path is not None:
            refuse_branch(Path(command.local_path), options.delivery_branch)

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
