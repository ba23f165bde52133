"""A sketch: the pipeline that the skills' defaults and one set of changes make, whoever wrote the changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Caller, GeneratePipeline, Options
from penstock.domain.skills import Selection, Skill
from penstock.domain.spec import Assumption, Origin, PipelineSpec
from penstock.skills.ports import SkillStore
from penstock.skills.selection import select, target_of

Explained = Callable[[str], Origin]
"""Makes the origin of what a part of the changes leads to."""


@dataclass(frozen=True)
class Usual:
    """What the organisation usually deploys to; a request's options win."""

    project: str | None = None
    region: str | None = None
    cluster: str | None = None


@dataclass(frozen=True)
class Sketch:
    """A pipeline before its files."""

    selection: Selection
    skills: tuple[Skill, ...]
    draft: PipelineSpec
    """What the skills make with the wishes that they can grant themselves: steps are those of the skills."""
    spec: PipelineSpec
    """The draft with all changes."""
    changes: Changes


class Sketching:
    """Makes sketches. Reads the skills, and nothing else."""

    def __init__(self, skills: SkillStore, usual: Usual) -> None:
        self._skills = skills
        self._usual = usual

    async def sketch(
        self, caller: Caller, command: GeneratePipeline, facts: RepositoryFacts, changes: Changes, origin: Explained
    ) -> Sketch:
        """Return the pipeline with these changes.

        Raises SkillNotFound, SkillsUnavailable, InvalidConfiguration for what cannot be granted.
        """
        from penstock.generation.changing import apply_changes, overlay

        laid = overlay(command.options, command.service_name, changes, facts, origin)
        options = self._with_usual(laid.options)
        target = _target(command, changes, facts, origin)
        published = await self._skills.list(caller.org_id)
        selection = select(command.intent, facts, options, published, target=target)
        loaded = [await self._skills.load(caller.org_id, chosen.skill.name) for chosen in selection.chosen]
        skills = tuple(loaded)

        def drafted() -> tuple[PipelineSpec, PipelineSpec]:
            from penstock.generation.defaults import draft

            plain = draft(facts, options, laid.service_name, skills, target=target, wishes=laid.wishes)
            return plain, _with_loss(apply_changes(plain, changes, origin, facts, skills, laid=laid), facts)

        plain, spec = await asyncio.to_thread(drafted)
        return Sketch(selection, skills, plain, spec, changes)

    def _with_usual(self, options: Options) -> Options:
        return replace(
            options,
            project=options.project or self._usual.project,
            region=options.region or self._usual.region,
            cluster=options.cluster or self._usual.cluster,
        )


def _target(
    command: GeneratePipeline, changes: Changes, facts: RepositoryFacts, origin: Explained
) -> tuple[str, Origin]:
    """Return where it deploys to: as the request says, else as the sentence does, else as the repository shows."""
    if command.options.target is None and changes.target is not None:
        return changes.target, origin("target")
    return target_of(facts, command.options)


def uses(skills: Sequence[Skill]) -> list[str]:
    """Return the skills' names, for people."""
    return [skill.metadata.name for skill in skills]


def _with_loss(spec: PipelineSpec, facts: RepositoryFacts) -> PipelineSpec:
    """Say it loudly when the pipeline before deployed a service that this one knows nothing of."""
    before = {path.split("/")[1] for path in facts.managed_files if path.startswith("deploy/") and path.count("/") > 1}
    gone = sorted(before - {service.name for service in spec.services})
    if not gone:
        return spec
    names = ", ".join(gone)
    text = (
        f"The pipeline before also deployed {names}; this one replaces it and does not. For one pipeline of all"
        " services, leave the service's folder out (--path, service_context.path) and its name (--service-name)."
    )
    said = Assumption(text=text, origin=Origin(kind="fact", ref="docs/cicd/penstock.lock.json"))
    question = f"Shall {names} really not be deployed any more?"
    return spec.model_copy(update={"assumptions": (said, *spec.assumptions), "questions": (question, *spec.questions)})
