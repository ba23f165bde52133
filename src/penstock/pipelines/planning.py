"""Facts, skills, changes, spec, files, verdict: the part of the walk that has no effect outside this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.delivery.ports import HostAway, HostRefused
from penstock.detection.tree import LocalTree, MappingTree, Tree
from penstock.domain.artifacts import Artifact
from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.models import ModelUse
from penstock.domain.pipelines import Caller, GeneratePipeline, Plan, Repair
from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.domain.skills import Skill, SkillUse
from penstock.domain.spec import Origin, PipelineSpec
from penstock.errors import (
    InvalidConfiguration,
    NothingToBuild,
    RepositoryAway,
    RepositoryForbidden,
    SkillNotFound,
)
from penstock.generation.made_changes import as_made
from penstock.kit.clock import Clock, rfc3339
from penstock.pipelines.about_repository import AboutRepository, about_local, about_named
from penstock.pipelines.adaptation import Adaptation, Adapted, ModelWork
from penstock.pipelines.repairing import Remaking, Repairing
from penstock.pipelines.sketching import Explained, Sketch, Sketching, uses
from penstock.pipelines.walk import Walk
from penstock.policy.gate import Gate
from penstock.policy.secrets import redact_said

if TYPE_CHECKING:
    from penstock.delivery.remote_files import RemoteFiles
    from penstock.generation.intent import Reading


@dataclass(frozen=True)
class Made:
    """Files with the sketch behind them and the verdict on them."""

    spec: PipelineSpec
    artifacts: tuple[Artifact, ...]
    decision: Decision


@dataclass(frozen=True)
class Planner:
    """Makes plans. Pure but for reading the repository and the skills, the policy engine, and the model."""

    sketching: Sketching
    adaptation: Adaptation
    repairing: Repairing
    gate: Gate
    clock: Clock
    max_files: int

    async def plan(
        self,
        caller: Caller,
        command: GeneratePipeline,
        walk: Walk,
        work: ModelWork,
        remote: RemoteFiles | None = None,
    ) -> Plan:
        """Return the plan, allowed or not. ``remote``: the repository's files, when its host is to be read.

        Raises NothingToBuild, SkillNotFound, InvalidConfiguration, Unavailable, GenerationRefused.
        """
        wanted = self.adaptation.wanted(command)
        command = replace(command, intent=redact_said(command.intent))  # neither rules nor a model read a secret
        with walk.stage("detect") as explain:
            tree, facts = await self._facts(command, remote)
            explain(_in_words(facts))
        with walk.stage("select") as explain:
            reading = await asyncio.to_thread(_read, command, facts)
            sketch = await self.sketching.sketch(caller, command, facts, reading.changes, _said(reading))
            explain(", ".join(uses(sketch.skills)))
        adapted, trial = Adapted(None, "template"), _Trial(partial(self.sketching.sketch, caller, command, facts))
        if wanted:
            with walk.stage("adapt") as explain:
                adapted = await self.adaptation.adapt(
                    command, facts, sketch, work, walk, org_id=caller.org_id, tried=trial.tried
                )
                explain(_adapted_in_words(adapted))
        with walk.stage("plan") as explain:
            if adapted.changes is not None:
                sketch = await trial.of(adapted.changes, adapted.use)
            explain(_spec_in_words(sketch.spec))
        made = await self._made(caller, command, facts, sketch, tree, walk)
        return await self._judged(caller, command, facts, sketch, made, adapted, tree, walk, work)

    async def _made(  # noqa: PLR0917 -- one step of plan(), with all that plan() knows
        self,
        caller: Caller,
        command: GeneratePipeline,
        facts: RepositoryFacts,
        sketch: Sketch,
        tree: Tree,
        walk: Walk,
    ) -> Made:
        with walk.stage("render") as explain:
            artifacts = await self._rendered(sketch.spec, sketch.skills, facts, command)
            explain(f"{len(artifacts)} files")
        with walk.stage("judge") as explain:
            decision = await self._judge(caller, command, facts, sketch.spec, artifacts, tree)
            explain(_verdict_in_words(decision))
        return Made(sketch.spec, artifacts, decision)

    async def _judged(  # noqa: PLR0917 -- one step of plan(), with all that plan() knows
        self,
        caller: Caller,
        command: GeneratePipeline,
        facts: RepositoryFacts,
        sketch: Sketch,
        made: Made,
        adapted: Adapted,
        tree: Tree,
        walk: Walk,
        work: ModelWork,
    ) -> Plan:
        """Return the plan, repaired where the gate refused it and it can be."""
        repairs: tuple[Repair, ...] = ()
        if not made.decision.allow:

            async def remake(spec: PipelineSpec) -> Made:
                artifacts = await self._rendered(spec, sketch.skills, facts, command)
                return Made(spec, artifacts, await self._judge(caller, command, facts, spec, artifacts, tree))

            async def resketch(changes: Changes) -> Sketch:
                by_model = _by_model(adapted.use.model if adapted.use else "model")
                return await self.sketching.sketch(caller, command, facts, changes, by_model)

            def in_time() -> bool:
                return self.clock.monotonic() < work.judge_by

            try:
                with walk.stage("repair") as explain:
                    made, repairs = await self.repairing.repaired(
                        made, Remaking(facts, sketch, adapted, remake, resketch, in_time)
                    )
                    explain(f"{len(repairs)} repairs, {_verdict_in_words(made.decision)}")
            except BaseException:
                await self.adaptation.spent_on_repairs(adapted, work, org_id=caller.org_id)
                raise
        return Plan(
            facts,
            sketch.selection,
            _uses(sketch.skills),
            made.spec,
            made.artifacts,
            made.decision,
            mode=adapted.mode,
            degraded=bool(adapted.degraded),
            degraded_reason=adapted.degraded,
            changes=as_made(sketch.changes, sketch.spec, made.spec),
            model=await self.adaptation.spent_on_repairs(adapted, work, org_id=caller.org_id),
            repairs=repairs,
        )

    async def _facts(self, command: GeneratePipeline, remote: RemoteFiles | None) -> tuple[Tree, RepositoryFacts]:
        """Return the facts; files of a host are read in rounds, until detection misses none."""
        tree = remote if remote is not None else self._tree(command)
        about = await asyncio.to_thread(_about, command, remote)
        facts = await asyncio.to_thread(_detected, tree, about, command.subpath)
        while remote is not None and await _fetched(remote):
            facts = await asyncio.to_thread(_detected, remote, about, command.subpath)
        if facts.primary is None or not facts.deployable:
            message = "Nothing recognisable was found to make a pipeline for: " + " ".join(facts.reasons)
            raise NothingToBuild(message.strip(), reasons=list(facts.reasons))
        return tree, facts

    def _tree(self, command: GeneratePipeline) -> Tree:
        if command.local_path is not None:
            return LocalTree(Path(command.local_path), max_files=self.max_files)
        if command.files is None:
            message = "No files were given, and no repository host is connected: no repository can be read by its name."
            raise InvalidConfiguration(
                message,
                fields=["service_context.files"],
                next_steps=("Send the manifests and entry points in service_context.files, or use the command line.",),
            )
        return MappingTree(command.files)

    async def _rendered(
        self, spec: PipelineSpec, skills: Sequence[Skill], facts: RepositoryFacts, command: GeneratePipeline
    ) -> tuple[Artifact, ...]:
        return await asyncio.to_thread(_rendered, spec, skills, facts, replace=command.options.overwrite)

    async def _judge(  # noqa: PLR0917 -- one step of plan(), with all that plan() knows
        self,
        caller: Caller,
        command: GeneratePipeline,
        facts: RepositoryFacts,
        spec: PipelineSpec,
        artifacts: Sequence[Artifact],
        tree: Tree,
    ) -> Decision:
        public = any(service.runtime.public for service in spec.services)
        context = JudgeContext(
            profile=Profile.STANDARD,
            org_id=caller.org_id,
            service_name=spec.name,
            public=public and await asyncio.to_thread(_asked_public, command, facts),
            now=rfc3339(self.clock.now()),
            repo_paths=tuple(tree.paths),
        )
        files = [FileToJudge(artifact.path, artifact.content, "generated") for artifact in artifacts]
        return await self.gate.judge(files, context)


def _detected(tree: Tree, about: AboutRepository, subpath: str) -> RepositoryFacts:
    from penstock.detection import detect

    facts = detect(tree, name=about.name, subpath=subpath, name_from=about.name_from)
    return replace(facts, default_branch=about.default_branch or facts.default_branch)


def _about(command: GeneratePipeline, remote: RemoteFiles | None) -> AboutRepository:
    if command.local_path is not None and remote is None:
        return about_local(Path(command.local_path))
    return about_named(command, remote.default_branch if remote is not None else "")


async def _fetched(remote: RemoteFiles) -> bool:
    """Fetch what detection missed; False when that was nothing. Raises RepositoryAway."""
    try:
        return await remote.fetch_missed()
    except HostAway as away:
        raise RepositoryAway(away.message) from away
    except HostRefused as refused:
        raise RepositoryForbidden(refused.message) from refused


def _read(command: GeneratePipeline, facts: RepositoryFacts) -> Reading:
    from penstock.generation.intent import read_intent

    return read_intent(command.intent, facts, service_name=command.service_name)


def _asked_public(command: GeneratePipeline, facts: RepositoryFacts) -> bool:
    """Whether the developer, and not the plan itself, says that anyone may call the service."""
    from penstock.generation.named_values import says_public

    return command.options.public or says_public(command.intent, facts, command.service_name)


def _said(reading: Reading) -> Explained:
    """Return what makes origins of wishes that rules read from the sentence: they name the words."""

    def origin(part: str) -> Origin:
        words = reading.said.get(part)
        return Origin(kind="intent", ref=f"the words {words!r}" if words else "the sentence", because=(part,))

    return origin


def _by_model(name: str) -> Explained:
    return lambda part: Origin(kind="model", ref=name, because=(part,))


@dataclass
class _Trial:
    """Sketches a model's changes before they count: what cannot be granted is told to the model, once."""

    sketch: Callable[[Changes, Explained], Awaitable[Sketch]]
    last: Sketch | None = None

    async def tried(self, changes: Changes, model: str) -> Sequence[str]:
        try:
            self.last = await self.sketch(changes, _by_model(model))
        except (InvalidConfiguration, SkillNotFound) as problem:
            return [problem.message]
        return []

    async def of(self, changes: Changes, use: ModelUse | None) -> Sketch:
        """Return the sketch of changes that count: the one tried out, where these were."""
        if self.last is not None and self.last.changes is changes:
            return self.last
        return await self.sketch(changes, _by_model(use.model if use else "model"))


def _rendered(
    spec: PipelineSpec, skills: Sequence[Skill], facts: RepositoryFacts, *, replace: bool
) -> tuple[Artifact, ...]:
    from penstock.rendering import render

    return render(spec, skills, facts=facts, replace=replace)


def _uses(skills: Sequence[Skill]) -> tuple[SkillUse, ...]:
    return tuple(SkillUse(skill.metadata.name, skill.metadata.version, skill.metadata.digest) for skill in skills)


def _spec_in_words(spec: PipelineSpec) -> str:
    return f"{len(spec.steps)} steps, {len(spec.environments)} environments, target {spec.target}"


def _verdict_in_words(decision: Decision) -> str:
    counts = f"{len(decision.violations)} denials, {len(decision.warnings)} warnings"
    return f"{decision.rules_evaluated} rules, {counts}"


def _adapted_in_words(adapted: Adapted) -> str:
    if adapted.degraded:
        return f"templates instead of the model: {adapted.degraded}"
    if adapted.use is None:
        return "templates"
    if adapted.use.from_draft:
        return f"{adapted.use.model}, as answered before"
    used = adapted.use.usage
    tokens = used.input_tokens + used.cache_read_tokens + used.cache_write_tokens
    count = len(adapted.use.attempts)
    return f"{adapted.use.model}, {count} attempt{'s' if count > 1 else ''}, {tokens} + {used.output_tokens} tokens"


def _in_words(facts: RepositoryFacts) -> str:
    main = facts.primary
    if main is None:
        return "nothing recognisable"
    language = main.language.value if main.language else main.ecosystem
    framework = f" with {main.framework.value}" if main.framework else ""
    count = f", {len(facts.services)} services" if len(facts.services) > 1 else ""
    return f"{language}{framework}{count}, {facts.file_count} files"
