"""Facts, skills, spec, files, verdict: the part of the walk that has no effect outside this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from penstock.detection.tree import LocalTree, MappingTree, Tree
from penstock.domain.artifacts import Artifact
from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Caller, GeneratePipeline, Options, Plan
from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.domain.skills import Selection, Skill, SkillUse
from penstock.domain.spec import PipelineSpec
from penstock.errors import InvalidConfiguration, NothingToBuild
from penstock.kit.clock import Clock, rfc3339
from penstock.pipelines.walk import Walk
from penstock.policy.gate import Gate
from penstock.skills.ports import SkillStore
from penstock.skills.selection import select, target_of


@dataclass(frozen=True)
class Usual:
    """What the organisation usually deploys to; a request's options win."""

    project: str | None = None
    region: str | None = None
    cluster: str | None = None


class Planner:
    """Makes plans. Pure but for reading the repository, the skills and the policy engine."""

    def __init__(self, skills: SkillStore, gate: Gate, clock: Clock, *, usual: Usual, max_files: int) -> None:
        self._skills = skills
        self._gate = gate
        self._clock = clock
        self._usual = usual
        self._max_files = max_files

    async def plan(self, caller: Caller, command: GeneratePipeline, walk: Walk) -> Plan:
        """Return the plan, allowed or not. Raises NothingToBuild, SkillNotFound, InvalidConfiguration, Unavailable."""
        options = self._with_usual(command.options)
        with walk.stage("detect") as explain:
            tree, facts = await asyncio.to_thread(self._facts, command)
            explain(_in_words(facts))
        with walk.stage("select") as explain:
            selection, skills = await self._choose(caller, command.intent, facts, options)
            explain(", ".join(skill.metadata.name for skill in skills))
        with walk.stage("plan") as explain:
            spec = await asyncio.to_thread(_drafted, command, facts, options, skills)
            explain(f"{len(spec.steps)} steps, {len(spec.environments)} environments, target {spec.target}")
        with walk.stage("render") as explain:
            artifacts = await asyncio.to_thread(_rendered, spec, skills, facts, replace=options.overwrite)
            explain(f"{len(artifacts)} files")
        with walk.stage("judge") as explain:
            decision = await self._judge(caller, spec, artifacts, tree)
            counts = f"{len(decision.violations)} denials, {len(decision.warnings)} warnings"
            explain(f"{decision.rules_evaluated} rules, {counts}")
        return Plan(facts, selection, _uses(skills), spec, artifacts, decision, mode="template")

    def _with_usual(self, options: Options) -> Options:
        return replace(
            options,
            project=options.project or self._usual.project,
            region=options.region or self._usual.region,
            cluster=options.cluster or self._usual.cluster,
        )

    def _facts(self, command: GeneratePipeline) -> tuple[Tree, RepositoryFacts]:
        from penstock.detection import detect

        tree, name = self._tree(command)
        facts = detect(tree, name=name, subpath=command.subpath)
        if facts.primary is None or not facts.deployable:
            message = "Nothing recognisable was found to make a pipeline for: " + " ".join(facts.reasons)
            raise NothingToBuild(message.strip(), reasons=list(facts.reasons))
        return tree, facts

    def _tree(self, command: GeneratePipeline) -> tuple[Tree, str]:
        if command.local_path is not None:
            root = Path(command.local_path)
            return LocalTree(root, max_files=self._max_files), root.resolve().name
        if command.files is None:
            message = "No files were given, and no repository host is connected: no repository can be read by its name."
            raise InvalidConfiguration(
                message,
                fields=["service_context.files"],
                next_steps=("Send the manifests and entry points in service_context.files, or use the command line.",),
            )
        name = (command.repository or "").rpartition("/")[2] or command.service_name or "service"
        return MappingTree(command.files), name

    async def _choose(
        self, caller: Caller, intent: str, facts: RepositoryFacts, options: Options
    ) -> tuple[Selection, tuple[Skill, ...]]:
        published = await self._skills.list(caller.org_id)
        selection = select(intent, facts, options, published)
        loaded = [await self._skills.load(caller.org_id, chosen.skill.name) for chosen in selection.chosen]
        return selection, tuple(loaded)

    async def _judge(self, caller: Caller, spec: PipelineSpec, artifacts: Sequence[Artifact], tree: Tree) -> Decision:
        context = JudgeContext(
            profile=Profile.STANDARD,
            org_id=caller.org_id,
            service_name=spec.name,
            public=any(service.runtime.public for service in spec.services),
            now=rfc3339(self._clock.now()),
            repo_paths=tuple(tree.paths),
        )
        files = [FileToJudge(artifact.path, artifact.content, "generated") for artifact in artifacts]
        return await self._gate.judge(files, context)


def _drafted(
    command: GeneratePipeline, facts: RepositoryFacts, options: Options, skills: tuple[Skill, ...]
) -> PipelineSpec:
    from penstock.generation.defaults import draft

    target = target_of(command.intent, facts, options)
    return draft(command.intent, facts, options, command.service_name, skills, target=target)


def _rendered(
    spec: PipelineSpec, skills: Sequence[Skill], facts: RepositoryFacts, *, replace: bool
) -> tuple[Artifact, ...]:
    from penstock.rendering import render

    return render(spec, skills, facts=facts, replace=replace)


def _uses(skills: Sequence[Skill]) -> tuple[SkillUse, ...]:
    return tuple(SkillUse(skill.metadata.name, skill.metadata.version, skill.metadata.digest) for skill in skills)


def _in_words(facts: RepositoryFacts) -> str:
    main = facts.primary
    if main is None:
        return "nothing recognisable"
    language = main.language.value if main.language else main.ecosystem
    framework = f" with {main.framework.value}" if main.framework else ""
    count = f", {len(facts.services)} services" if len(facts.services) > 1 else ""
    return f"{language}{framework}{count}, {facts.file_count} files"
