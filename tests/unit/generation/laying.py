"""Changes laid over the drafts of the example repositories, rendered and judged."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from penstock.detection import detect
from penstock.detection.tree import LocalTree
from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.domain.skills import Skill
from penstock.domain.spec import Origin, PipelineSpec, Step
from penstock.generation.answers import problems_of
from penstock.generation.changing import Overlay, apply_changes, origin_of, overlay
from penstock.generation.defaults import draft
from penstock.policy.gate import Gate
from penstock.policy.regorus import RegorusEngine
from penstock.rendering import render
from penstock.skills.loading import load_folder
from penstock.skills.selection import select, target_of

LIBRARY = Path(str(files("penstock") / "library"))
EXAMPLES = Path(__file__).parents[3] / "examples"
ORIGIN = origin_of("intent", "the sentence")


@cache
def library() -> dict[str, Skill]:
    return {folder.name: load_folder(folder) for folder in (LIBRARY / "skills").iterdir() if folder.is_dir()}


@cache
def gate() -> Gate:
    return Gate(RegorusEngine(LIBRARY / "policies"), fingerprint_key=b"k" * 32, timeout_s=30)


@cache
def facts_of(example: str) -> RepositoryFacts:
    return detect(LocalTree(EXAMPLES / example), name=example, subpath=".")


@cache
def plain_draft(example: str) -> PipelineSpec:
    """Return the draft without any changes: what a model is shown."""
    return Laid(example, Changes(), "", Options(project="acme-prod"), None).draft


@dataclass(frozen=True)
class Laid:
    """What becomes of changes; made when it is asked for."""

    example: str
    changes: Changes
    intent: str
    options: Options
    name: str | None

    @property
    def facts(self) -> RepositoryFacts:
        return facts_of(self.example)

    @property
    def problems(self) -> list[str]:
        return problems_of(self.changes, plain_draft(self.example), self.facts, self.intent, self.skills)

    @cached_property
    def overlay(self) -> Overlay:
        return overlay(self.options, self.name, self.changes, self.facts, ORIGIN)

    @cached_property
    def skills(self) -> tuple[Skill, ...]:
        published = [skill.metadata for skill in library().values()]
        chosen = select(self.intent, self.facts, self.overlay.options, published).chosen
        return tuple(library()[each.skill.name] for each in chosen)

    @cached_property
    def draft(self) -> PipelineSpec:
        """The draft that the skills make with what became options."""
        over = self.overlay
        target = target_of(self.facts, over.options)
        name, wishes = over.service_name, over.wishes
        return draft(self.facts, over.options, name, self.skills, target=target, wishes=wishes)

    @cached_property
    def spec(self) -> PipelineSpec:
        return apply_changes(self.draft, self.changes, ORIGIN, self.facts, self.skills, laid=self.overlay)

    def step(self, name: str) -> Step:
        return next(step for step in self.spec.steps if step.id == name)

    def files(self) -> dict[str, str]:
        return {each.path: each.text for each in render(self.spec, self.skills, facts=self.facts)}

    def document(self, path: str, kind: str | None = None) -> Any:
        documents = [each for each in yaml.safe_load_all(self.files()[path]) if each]
        return next(each for each in documents if kind is None or each.get("kind") == kind)

    def build(self, path: str) -> dict[str, Any]:
        """Return the steps of a Cloud Build file by their ids."""
        return {step["id"]: step for step in self.document(path)["steps"]}


def laid(
    example: str = "payment-api", intent: str = "", name: str | None = None, asked: Any = None, **changes: Any
) -> Laid:
    """Return changes laid over an example; ``asked`` are the request's options, keywords the changes."""
    wanted = changes["whole"] if "whole" in changes else Changes.model_validate(changes)
    options = Options(**{"project": None if wanted.project else "acme-prod", **(asked or {})})
    return Laid(example, wanted, intent, options, name)


def judged(made: Laid) -> Decision:
    """Return the gate's verdict, by the profile for what Penstock writes."""
    artifacts = render(made.spec, made.skills, facts=made.facts)
    public = any(service.runtime.public for service in made.spec.services)
    paths = tuple(LocalTree(EXAMPLES / made.facts.name).paths)
    context = JudgeContext(profile=Profile.STANDARD, public=public, repo_paths=paths)
    return asyncio.run(gate().judge([FileToJudge(each.path, each.content, "generated") for each in artifacts], context))


def complaints(made: Laid) -> list[str]:
    """Return everything the gate says that the pipeline does not explain itself."""
    decision = judged(made)
    explained = {"security.scans.sbom"} if made.spec.target == "none" else set()
    found = (*decision.violations, *(each for each in decision.warnings if each.rule not in explained))
    return [f"{each.rule} {each.file}:{each.line} {each.message}" for each in found]


def by_sentence(origin: Origin) -> bool:
    return origin.kind == "intent" and origin.ref == "the sentence"
