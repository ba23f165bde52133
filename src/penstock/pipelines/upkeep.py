"""What a user can do about a promise that was not kept: try again, call it off, take the files along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.delivery.bundle import patch_of
from penstock.delivery.ports import HostAway, HostRefused
from penstock.detection.tree import SKIPPED_FOLDERS
from penstock.domain.deliveries import HOSTED
from penstock.domain.pipelines import Caller
from penstock.errors import NotWaiting
from penstock.pipelines.finishing import Ended, Finishing, Promise, promise_of

if TYPE_CHECKING:
    from penstock.database.ports import Records
    from penstock.database.recovery_ports import Promised, Recoveries
    from penstock.domain.artifacts import Artifact
    from penstock.domain.deliveries import DeliveryOrder
    from penstock.pipelines.hosted import Hosted


@dataclass(frozen=True)
class Upkeep:
    """The user's own hand on a promise."""

    records: Records
    recoveries: Recoveries
    finishing: Finishing
    hosted: Hosted | None = None

    async def commit(self, caller: Caller, pipeline_id: str) -> Ended:
        """Deliver again now: what failed (the repository was changed since), or what waits for its next turn.

        Raises PipelineNotFound, NotWaiting in any other state.
        """
        promised = await self.recoveries.reopen(caller.org_id, pipeline_id)
        if promised is None:
            promised = await self.recoveries.take_waiting(caller.org_id, pipeline_id)
        if promised is None:
            raise await self._not_waiting(caller, pipeline_id, "delivered again")
        return await self.finishing.finish(await self._promise(promised))

    async def cancel(self, caller: Caller, pipeline_id: str) -> Ended:
        """Call a delivery off that waits and of which nothing can be in the repository.

        Raises PipelineNotFound, NotWaiting in any other state, or when a commit was planned: it may have arrived.
        """
        promised = await self.recoveries.take_waiting(caller.org_id, pipeline_id)
        if promised is None:
            raise await self._not_waiting(caller, pipeline_id, "called off")
        if await self.recoveries.plans(pipeline_id):
            await self.recoveries.put_off(promised.claim, retry_in_s=0)
            message = "A commit was planned for it already and may have arrived: it is finished, and not called off."
            raise NotWaiting(message, pipeline_id=pipeline_id)
        return await self.finishing.call_off(await self._promise(promised))

    async def bundle(self, caller: Caller, pipeline_id: str) -> bytes:
        """Return a patch for ``git apply``, against the branch as it is where that can be seen."""
        order = await self.recoveries.order(caller.org_id, pipeline_id)
        artifacts = await self.records.artifacts(caller.org_id, pipeline_id)
        present = await self._present(order, artifacts)
        where = f" against {order.repository}" if present is not None and order.repository else ""
        title = f"Pipeline {pipeline_id}{where}. Apply it with: git apply FILE"
        return patch_of(artifacts, present or {}, title=title)

    async def _present(self, order: DeliveryOrder, artifacts: tuple[Artifact, ...]) -> dict[str, bytes] | None:
        """Return the files of the branch that the artifacts would replace; None when nobody can look."""
        if self.hosted is None or order.mode not in HOSTED:
            return None
        paths = [artifact.path for artifact in artifacts]
        try:
            return await self.hosted.present(order, paths, SKIPPED_FOLDERS)
        except (HostAway, HostRefused):
            return None

    async def _promise(self, promised: Promised) -> Promise:
        artifacts = await self.recoveries.kept_files(promised.claim.pipeline_id)
        return promise_of(promised, artifacts)

    async def _not_waiting(self, caller: Caller, pipeline_id: str, what: str) -> NotWaiting:
        record = await self.records.get(caller.org_id, pipeline_id)
        message = f"The pipeline is {record.status.value}, so it cannot be {what}."
        return NotWaiting(message, pipeline_id=pipeline_id, status=record.status.value)
