"""The order of everything: one sentence in, a judged, recorded, delivered pipeline out. Start at generate()."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.detection.tree import SKIPPED_FOLDERS
from penstock.domain.deliveries import HOSTED, DeliveryOrder
from penstock.domain.pipelines import MAX_INTENT, Caller, Delivery, GeneratePipeline, PipelineResult, Plan, Status
from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.errors import (
    GenerationRefused,
    IdempotencyConflict,
    InvalidConfiguration,
    PenstockError,
    PolicyViolations,
    RepositoryAway,
)
from penstock.kit.clock import Clock, rfc3339
from penstock.kit.crash_points import crash_during, crash_point
from penstock.kit.ids import trace_id as new_trace_id
from penstock.pipelines.adaptation import FALLBACKS, MODES, ModelWork
from penstock.pipelines.deadlines import DEADLINES, Deadlines
from penstock.pipelines.finishing import Ended, Finishing, Promise
from penstock.pipelines.holding import Held
from penstock.pipelines.idempotency import answered_before, claim_request, decision_memory, remembered
from penstock.pipelines.interruptions import ending_of
from penstock.pipelines.upkeep import Upkeep
from penstock.pipelines.walk import OnStage, Walk
from penstock.telemetry.trace import current_trace

if TYPE_CHECKING:
    from penstock.database.ports import Claim, PipelineRecord, Records
    from penstock.delivery.remote_files import RemoteFiles
    from penstock.domain.artifacts import Artifact
    from penstock.pipelines.deliveries import Deliveries
    from penstock.pipelines.hosted import Hosted
    from penstock.pipelines.planning import Planner
    from penstock.pipelines.recovery import Recovery, Scan
    from penstock.policy.gate import Gate
    from penstock.telemetry.service import Telemetry


@dataclass(frozen=True)
class Pipelines:
    """Everything a door can ask of pipelines. The gateway admitted the caller and checked the scope."""

    planner: Planner
    gate: Gate
    deliveries: Deliveries
    telemetry: Telemetry
    clock: Clock
    deadlines: Deadlines = DEADLINES
    records: Records | None = None
    """None where nothing is recorded: plan, check, dry runs."""
    finishing: Finishing | None = None
    """None where nothing is recorded."""
    recovery: Recovery | None = None
    """None where nothing is recorded."""
    hosted: Hosted | None = None
    """None: no repository host is configured."""
    renew_s: float = 10.0
    """Seconds between two renewals of a lease."""

    async def generate(
        self,
        caller: Caller,
        command: GeneratePipeline,
        on_stage: OnStage | None = None,
        *,
        trace_id: str = "",
        scale: float = 1.0,
    ) -> PipelineResult:
        """Walk the whole way. No effect outside the database happens before the promise (BEHAVIOUR.md §2.1).

        Raises PolicyViolations (the record is rejected), another PenstockError (the record is failed, the same key
        resumes it), DatabaseFailed before any work when the record cannot be claimed, IdempotencyConflict and
        IdempotencyKeyReused. A key that was answered before gets the stored answer or problem.
        ``scale`` shortens all deadlines alike. A cancellation may say why (pipelines/interruptions.py).
        """
        _check(command)
        self.deliveries.check(command)
        trace_id = trace_id or new_trace_id()
        walk = Walk(on_stage, self.telemetry.observe_stage, clock=self.clock, scale=scale)
        if command.options.dry_run or self.records is None:
            remote = await self._remote(command, walk)
            plan = await self.planner.plan(caller, command, walk, self._times(walk), remote)
            return PipelineResult(None, Status.DRAFTED, plan, Delivery("none"), walk.timings, trace_id)
        with walk.stage("claim"):
            crash_point("K1")
            asked = claim_request(caller, command, trace_id)
            claim = await self.records.claim(asked)
            crash_point("K2")
        if claim.settled:
            return answered_before(claim, trace_id)
        claim, plan, order = await self._promised(self.records, claim, caller, command, walk, trace_id)
        trace = current_trace.get()
        if trace is not None:
            trace.promised = claim.pipeline_id
        crash_point("K8")
        try:
            return await self._finish(claim, command, plan, order, walk, trace_id)
        except IdempotencyConflict:  # somebody else took it over: the record has the answer (row 92)
            self.telemetry.count("fenced_writes")
            return answered_before(await self.records.claim(asked), trace_id)

    async def plan(self, caller: Caller, command: GeneratePipeline, on_stage: OnStage | None = None) -> Plan:
        """Walk up to the verdict; nothing is recorded or written, and a denial is part of the answer."""
        _check(command)
        walk = Walk(on_stage, self.telemetry.observe_stage, clock=self.clock)
        return await self.planner.plan(caller, command, walk, self._times(walk), await self._remote(command, walk))

    async def validate(
        self,
        caller: Caller,
        files: Mapping[str, bytes],
        *,
        profile: Profile = Profile.ADVISORY,
        service_name: str | None = None,
        public: bool = False,
        repo_paths: Sequence[str] = (),
    ) -> Decision:
        """Judge files somebody else wrote. Raises PolicyEngineUnavailable, InvalidConfiguration for no files."""
        context = JudgeContext(
            profile=profile,
            org_id=caller.org_id,
            service_name=service_name,
            public=public,
            now=rfc3339(self.clock.now()),
            repo_paths=tuple(repo_paths),
        )
        decision = await self.gate.judge([FileToJudge(path, content) for path, content in files.items()], context)
        self._count_denials(decision)
        return decision

    async def get(self, caller: Caller, pipeline_id: str) -> PipelineRecord:
        """Return one record of the caller's organisation. Raises PipelineNotFound."""
        return await self._recorded().get(caller.org_id, pipeline_id)

    async def list(self, caller: Caller, *, limit: int = 50, before: str | None = None) -> Sequence[PipelineRecord]:
        """Return the organisation's records, newest first."""
        return await self._recorded().list(caller.org_id, limit=limit, before=before)

    async def commit(self, caller: Caller, pipeline_id: str) -> Ended:
        """Deliver a failed or waiting pipeline again, now. Raises PipelineNotFound, NotWaiting."""
        return await self._upkeep().commit(caller, pipeline_id)

    async def cancel(self, caller: Caller, pipeline_id: str) -> Ended:
        """Call a delivery off that waits. Raises PipelineNotFound, NotWaiting."""
        return await self._upkeep().cancel(caller, pipeline_id)

    async def bundle(self, caller: Caller, pipeline_id: str) -> bytes:
        """Return the files as a patch for ``git apply``. Raises PipelineNotFound."""
        return await self._upkeep().bundle(caller, pipeline_id)

    async def reconcile(self) -> Scan:
        """Look once at all that is due. Raises DatabaseFailed, Overloaded."""
        if self.recovery is None:
            message = "This engine was opened without its record."
            raise RuntimeError(message)
        return await self.recovery.scan()

    async def artifacts(self, caller: Caller, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of one pipeline. Raises PipelineNotFound."""
        return await self._recorded().artifacts(caller.org_id, pipeline_id)

    async def _promised(  # noqa: PLR0917 -- one step of generate(), with all that generate() knows
        self, records: Records, claim: Claim, caller: Caller, command: GeneratePipeline, walk: Walk, trace_id: str
    ) -> tuple[Claim, Plan, DeliveryOrder]:
        """Plan and promise, and settle the record when it ends here. The lease is kept as long as it takes."""
        held = Held(records, claim, renew_s=self.renew_s)
        try:
            async with held.kept():
                remote = await self._remote(command, walk)
                plan = await self.planner.plan(caller, command, walk, held.work(self._times(walk)), remote)
            self._count_denials(plan.decision)
            if not plan.decision.allow:
                raise PolicyViolations(decision=plan.decision, pipeline_id=claim.pipeline_id)  # noqa: TRY301 -- the refusal is settled below
            self.deliveries.preflight(command, plan.artifacts)
            order = self.deliveries.order(command, plan)
            crash_point("K6")
            with walk.stage("record"):
                return await crash_during("K7", records.promise(held.claim, plan, order)), plan, order
        except PolicyViolations as refusal:
            await records.reject(
                held.claim,
                detail=_rules(refusal.decision),
                decision=decision_memory(refusal.decision),
                response=remembered(refusal, trace_id),
            )
            raise
        except GenerationRefused as refusal:
            refusal.extra.setdefault("pipeline_id", claim.pipeline_id)
            memory = remembered(refusal, trace_id)
            await records.reject(held.claim, code=refusal.slug, detail=refusal.message, response=memory)
            raise
        except PenstockError as problem:
            problem.extra.setdefault("pipeline_id", claim.pipeline_id)
            await self._failed(records, held.claim, problem.slug, problem.message)
            raise
        except BaseException as ended:
            code, detail = ending_of(ended)
            await self._failed(records, held.claim, code, detail)
            raise

    async def _failed(self, records: Records, claim: Claim, code: str, detail: str) -> None:
        """Give an unpromised record back, so that the same key resumes it; when that fails, its lease runs out."""
        try:
            await records.fail(claim, code=code, detail=detail)
        except PenstockError as problem:
            self.telemetry.log(
                "record.fail_failed", level="warning", pipeline_id=claim.pipeline_id, code=code, reason=problem.message
            )

    async def _finish(  # noqa: PLR0917 -- one step of generate(), with all that generate() knows
        self, claim: Claim, command: GeneratePipeline, plan: Plan, order: DeliveryOrder, walk: Walk, trace_id: str
    ) -> PipelineResult:
        """Deliver and archive what was promised. What cannot be delivered now is finished later, by whoever comes."""
        finishing = self._with_finishing()

        async def local() -> Delivery:
            return await self.deliveries.deliver(command, plan, claim.pipeline_id)

        promise = Promise(claim, order, plan.artifacts, trace_id=trace_id)
        try:
            ended = await finishing.finish(promise, None if order.mode in HOSTED else local, walk)
        except asyncio.CancelledError:  # the server stops (BEHAVIOUR.md §2.7)
            await asyncio.shield(finishing.give_back(promise))
            raise
        crash_point("K13")
        if ended.problem is not None:
            raise ended.problem
        timings = dict(ended.document["timings"])  # as they are replayed: settling itself is not in them
        return PipelineResult(claim.pipeline_id, ended.status, plan, ended.delivery, timings, trace_id)

    def _upkeep(self) -> Upkeep:
        finishing = self._with_finishing()
        return Upkeep(self._recorded(), finishing.recoveries, finishing, self.hosted)

    def _with_finishing(self) -> Finishing:
        if self.finishing is None:
            message = "This engine was opened without its record."
            raise RuntimeError(message)
        return self.finishing

    async def _remote(self, command: GeneratePipeline, walk: Walk) -> RemoteFiles | None:
        """Look at the repository before anything is spent on it, and list its files when none were sent.

        Raises RepositoryAway when they cannot be listed, and what Hosted.preflight raises.
        """
        wanted = command.options.delivery in HOSTED or (command.files is None and command.local_path is None)
        if self.hosted is None or not command.repository or not wanted:
            return None
        with walk.stage("preflight") as explain:
            found = await self.hosted.preflight(command)
            explain(f"{found.repository} at {found.branch}" if found else "the host does not answer")
        if command.files is not None or command.local_path is not None:
            return None
        if found is None:
            message = f"{command.repository} cannot be read: its host does not answer."
            raise RepositoryAway(message)
        return await self.hosted.files(found, SKIPPED_FOLDERS)

    def _times(self, walk: Walk) -> ModelWork:
        return ModelWork(self.deadlines.model(walk), judge_by=self.deadlines.judge(walk))

    def _recorded(self) -> Records:
        if self.records is None:
            message = "This engine was opened without its record."
            raise RuntimeError(message)
        return self.records

    def _count_denials(self, decision: Decision) -> None:
        for violation in decision.violations:
            self.telemetry.count_policy_failure(violation.rule)


def _check(command: GeneratePipeline) -> None:
    if not command.intent.strip():
        message = "The intent is empty: say in a sentence what the pipeline is for."
        raise InvalidConfiguration(message, fields=["intent"])
    if len(command.intent) > MAX_INTENT:
        message = f"The intent has {len(command.intent)} characters; at most {MAX_INTENT} are read."
        raise InvalidConfiguration(message, fields=["intent"])
    asked = command.options
    for field, value, known in (("mode", asked.mode, MODES), ("fallback", asked.fallback, FALLBACKS)):
        if value not in known:
            message = f"{ascii(value)[:60]} is no {field}: it is one of {', '.join(known)}."
            raise InvalidConfiguration(message, fields=[f"options.{field}"])


def _rules(decision: Decision) -> str:
    return ", ".join(sorted({violation.rule for violation in decision.violations}))
