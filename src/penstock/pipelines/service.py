"""The order of everything: one sentence in, a judged, recorded, delivered pipeline out. Start at generate()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.pipelines import MAX_INTENT, Caller, Delivery, GeneratePipeline, PipelineResult, Plan, Status
from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.errors import GenerationRefused, InvalidConfiguration, PenstockError, PolicyViolations
from penstock.kit.clock import Clock, rfc3339
from penstock.kit.ids import trace_id as new_trace_id
from penstock.pipelines.adaptation import FALLBACKS, MODES, ModelWork
from penstock.pipelines.answers import answer
from penstock.pipelines.deadlines import DEADLINES, Deadlines
from penstock.pipelines.holding import Held
from penstock.pipelines.idempotency import answered_before, claim_request, decision_memory, remembered
from penstock.pipelines.walk import OnStage, Walk

if TYPE_CHECKING:
    from penstock.archive.service import Archive
    from penstock.database.ports import Claim, PipelineRecord, Records
    from penstock.domain.artifacts import Artifact
    from penstock.pipelines.deliveries import Deliveries
    from penstock.pipelines.planning import Planner
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
    archive: Archive | None = None

    async def generate(
        self, caller: Caller, command: GeneratePipeline, on_stage: OnStage | None = None, *, trace_id: str = ""
    ) -> PipelineResult:
        """Walk the whole way. No effect outside the database happens before the promise (BEHAVIOUR.md §2.1).

        Raises PolicyViolations (the record is rejected), another PenstockError (the record is failed, the same key
        resumes it), DatabaseFailed before any work when the record cannot be claimed, IdempotencyConflict and
        IdempotencyKeyReused. A key that was answered before gets the stored answer or problem.
        """
        _check(command)
        self.deliveries.check(command)
        trace_id = trace_id or new_trace_id()
        walk = Walk(on_stage, self.telemetry.observe_stage, clock=self.clock)
        if command.options.dry_run or self.records is None:
            plan = await self.planner.plan(caller, command, walk, ModelWork(self.deadlines.model(walk)))
            return PipelineResult(None, Status.DRAFTED, plan, Delivery("none"), walk.timings, trace_id)
        with walk.stage("claim"):
            claim = await self.records.claim(claim_request(caller, command, trace_id))
        if claim.settled:
            return answered_before(claim, trace_id)
        claim, plan = await self._promised(self.records, claim, caller, command, walk, trace_id)
        return await self._deliver(self.records, claim, command, plan, walk, trace_id)

    async def plan(self, caller: Caller, command: GeneratePipeline, on_stage: OnStage | None = None) -> Plan:
        """Walk up to the verdict; nothing is recorded or written, and a denial is part of the answer."""
        _check(command)
        walk = Walk(on_stage, self.telemetry.observe_stage, clock=self.clock)
        return await self.planner.plan(caller, command, walk, ModelWork(self.deadlines.model(walk)))

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

    async def artifacts(self, caller: Caller, pipeline_id: str) -> tuple[Artifact, ...]:
        """Return the files of one pipeline. Raises PipelineNotFound."""
        return await self._recorded().artifacts(caller.org_id, pipeline_id)

    async def _promised(  # noqa: PLR0917 -- one step of generate(), with all that generate() knows
        self, records: Records, claim: Claim, caller: Caller, command: GeneratePipeline, walk: Walk, trace_id: str
    ) -> tuple[Claim, Plan]:
        """Plan and promise, and settle the record when it ends here. The lease is kept as long as it takes."""
        held = Held(records, claim)
        try:
            async with held.kept():
                plan = await self.planner.plan(caller, command, walk, held.work(self.deadlines.model(walk)))
            self._count_denials(plan.decision)
            if not plan.decision.allow:
                raise PolicyViolations(decision=plan.decision, pipeline_id=claim.pipeline_id)  # noqa: TRY301 -- the refusal is settled below
            self.deliveries.preflight(command, plan.artifacts)
            with walk.stage("record"):
                return await records.promise(held.claim, plan), plan
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
        except BaseException:
            interrupted = "The request ended before its pipeline was promised."
            await self._failed(records, held.claim, "interrupted", interrupted)
            raise

    async def _failed(self, records: Records, claim: Claim, code: str, detail: str) -> None:
        """Give an unpromised record back, so that the same key resumes it; when that fails, its lease runs out."""
        try:
            await records.fail(claim, code=code, detail=detail)
        except PenstockError as problem:
            self.telemetry.log(
                "record.fail_failed", level="warning", pipeline_id=claim.pipeline_id, code=code, reason=problem.message
            )

    async def _deliver(  # noqa: PLR0917 -- one step of generate(), with all that generate() knows
        self, records: Records, claim: Claim, command: GeneratePipeline, plan: Plan, walk: Walk, trace_id: str
    ) -> PipelineResult:
        """Deliver and archive what was promised; an archive that fails never fails the request (C20)."""
        try:
            with walk.stage("deliver") as explain:
                delivery = await self.deliveries.deliver(command, plan, claim.pipeline_id)
                explain(_delivered(delivery))
        except PenstockError as problem:
            problem.extra.setdefault("pipeline_id", claim.pipeline_id)
            await records.finish(
                claim,
                Status.GITHUB_FAILED,
                failure_code=problem.slug,
                failure_detail=problem.message,
                response=remembered(problem, trace_id),
            )
            raise
        audit_state = await self._archive(claim, plan, walk)
        result = PipelineResult(claim.pipeline_id, Status.ACTIVE, plan, delivery, dict(walk.timings), trace_id)
        with walk.stage("finish"):
            await records.finish(
                claim,
                Status.ACTIVE,
                branch=delivery.branch,
                commit_sha=delivery.commit_sha,
                no_changes=delivery.no_changes,
                audit_state=audit_state,
                response=answer(result),
            )
        return result

    async def _archive(self, claim: Claim, plan: Plan, walk: Walk) -> str:
        if self.archive is None:
            return "none"
        try:
            with walk.stage("archive"):
                return await self.archive.store(claim.pipeline_id, plan.artifacts)
        except PenstockError as problem:
            self.telemetry.log(
                "archive.store_failed", level="warning", pipeline_id=claim.pipeline_id, reason=problem.message
            )
            return "pending"

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


def _delivered(delivery: Delivery) -> str:
    if delivery.mode == "none":
        return "left to the caller"
    return f"{len(delivery.written)} written, {len(delivery.unchanged)} unchanged"


def _rules(decision: Decision) -> str:
    return ", ".join(sorted({violation.rule for violation in decision.violations}))
