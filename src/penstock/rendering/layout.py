"""Which files a pipeline consists of: the skills' ``assets/render.yaml`` say so, as data.

Each entry names a template, the path it is written to, how often (``per``: pipeline, service, environment, workload =
service x environment) and under which condition. ``otherwise`` is where it goes when the repository has a file of its
own at that path. A platform team adds a file by adding an entry and a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from penstock.domain.facts import RepositoryFacts
from penstock.domain.skills import Skill
from penstock.domain.spec import Environment, PipelineSpec, ServiceSpec
from penstock.errors import InvalidConfiguration
from penstock.rendering.templates import TemplateSet, template_set

RULES = "render"
"""Stem of the asset that holds the entries."""
_KEYS = frozenset({"template", "path", "otherwise", "per", "when", "with", "title"})
_PER = frozenset({"pipeline", "service", "environment", "workload"})
_DOCKERFILE, _DOCKERIGNORE = "Dockerfile.j2", "dockerignore.j2"


@dataclass(frozen=True)
class PlannedFile:
    """One file to render, with what its template may see beside the pipeline's own values."""

    path: str
    templates: TemplateSet
    template: str
    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    """Comments that stand before what the template prints."""


def plan_files(
    spec: PipelineSpec, skills: Sequence[Skill], facts: RepositoryFacts, values: Mapping[str, Any]
) -> list[PlannedFile]:
    """Return the files to render, in the order of the skills. Raises InvalidConfiguration for broken rules."""
    planned = [each for skill in skills for rule in _rules(skill) for each in _applied(spec, skill, rule, values)]
    planned += _image_files(spec, skills, facts, tuple(values["header"]))
    return planned


def places(skills: Sequence[Skill], facts: RepositoryFacts, *, replace: bool) -> dict[str, str]:
    """Return where each file of the pipeline goes, by the path its skill wants.

    It goes elsewhere when the repository has a file of its own there (unless that is to be replaced), and stays there.
    """
    managed = set(facts.managed_files)
    theirs = set() if replace else {file.path for file in facts.ci_files} - managed
    found: dict[str, str] = {}
    for rule in (rule for skill in skills for rule in _rules(skill)):
        wanted, other = str(rule["path"]), rule.get("otherwise")
        moved = other is not None and other not in theirs and (wanted in theirs or (other in managed and not replace))
        found[wanted] = str(other) if moved else wanted
    return found


def _rules(skill: Skill) -> list[Mapping[str, Any]]:
    document = skill.data.get(RULES)
    if document is None:
        return []
    rules = document.get("files") if isinstance(document, Mapping) else None
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        raise _broken(skill, "it holds no list named files")
    for rule in rules:
        if not isinstance(rule, Mapping) or not {"template", "path"} <= set(rule):
            raise _broken(skill, "each entry names a template and a path")
        unknown = sorted(set(rule) - _KEYS)
        if unknown:
            raise _broken(skill, f"{rule['path']}: unknown {', '.join(map(str, unknown))}")
        if rule.get("per", "pipeline") not in _PER:
            raise _broken(skill, f"{rule['path']}: per is one of {', '.join(sorted(_PER))}")
    return list(rules)


def _applied(
    spec: PipelineSpec, skill: Skill, rule: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[PlannedFile]:
    templates = template_set(skill)
    for about in _subjects(spec, str(rule.get("per", "pipeline"))):
        seen = {**values, **about, **dict(rule.get("with") or {}), "data": skill.data}
        condition = rule.get("when")
        if condition is not None and not templates.holds(str(condition), seen):
            continue
        path = values["places"][str(rule["path"])]
        for name, subject in about.items():
            path = path.replace(f"{{{name}}}", subject.name)
        yield PlannedFile(path, templates, str(rule["template"]), str(rule.get("title", "")), seen)


def _subjects(spec: PipelineSpec, per: str) -> list[dict[str, ServiceSpec | Environment]]:
    if per == "service":
        return [{"service": service} for service in spec.services]
    if per == "environment":
        return [{"environment": environment} for environment in spec.environments]
    if per == "workload":
        pairs = product(spec.services, spec.environments)
        return [{"service": service, "environment": environment} for service, environment in pairs]
    return [{}]


def _image_files(
    spec: PipelineSpec, skills: Sequence[Skill], facts: RepositoryFacts, header: tuple[str, ...]
) -> Iterator[PlannedFile]:
    """Yield the Dockerfile and .dockerignore of each service whose repository has none of its own."""
    taken = _existing(facts)
    for service in spec.services:
        image = service.image
        if not image.write_dockerfile or image.dockerfile is None or image.dockerfile in taken:
            continue
        skill, name = _image_template(service, skills)
        seen = {"service": service, "image": image, "params": image.params, "spec": spec, "data": skill.data}
        templates = template_set(skill)
        yield PlannedFile(image.dockerfile, templates, name, f"builds the image of {service.name}", seen, header)
        ignore = ".dockerignore" if image.context == "." else f"{image.context}/.dockerignore"
        if _DOCKERIGNORE in skill.templates and ignore not in taken:
            taken.add(ignore)
            yield PlannedFile(ignore, templates, _DOCKERIGNORE, "what the image build does not see", seen)


def _existing(facts: RepositoryFacts) -> set[str]:
    """Return files of the repository's own that must not be rendered over; what Penstock wrote, it may write again."""
    own = {*facts.dockerfiles, *facts.ignore_files, *(file.path for file in facts.ci_files)}
    for service in (*facts.services, *((facts.primary,) if facts.primary else ())):
        if service.dockerfile is not None:
            own.add(service.dockerfile.value)
    return own - set(facts.managed_files)


def _image_template(service: ServiceSpec, skills: Sequence[Skill]) -> tuple[Skill, str]:
    """Find the Dockerfile template: in the skill the image's origin names, else in the language's skill."""
    name = service.image.template or _DOCKERFILE
    named = service.image.origin.ref.partition("@")[0]
    having = [skill for skill in skills if name in skill.templates]
    for skill in having:
        if skill.metadata.name == named:
            return skill, name
    for skill in having:
        if service.language in skill.metadata.languages:
            return skill, name
    if len(having) == 1:
        return having[0], name
    message = f"No skill of this pipeline has a template {name} for the language of {service.name}."
    raise InvalidConfiguration(message, fields=["services.image.template"])


def _broken(skill: Skill, why: str) -> InvalidConfiguration:
    name = f"{skill.metadata.name}@{skill.metadata.version}"
    return InvalidConfiguration(
        f"The skill {name} cannot be rendered: assets/{RULES}.yaml: {why}.",
        fields=["skills"],
        next_steps=(f"Tell the owner of the skill {name}.",),
    )
