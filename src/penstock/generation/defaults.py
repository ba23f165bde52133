"""Template mode: the skills' defaults, the facts and the options become a PipelineSpec. Start at draft()."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.skills import Skill
from penstock.domain.spec import Assumption, Origin, PipelineSpec, ServiceSpec
from penstock.errors import PenstockError, SkillNotFound
from penstock.generation.asked import Named, check_options, named
from penstock.generation.cloud import (
    build_of,
    cloud_of,
    environments_of,
    said_about_branch,
    said_about_cloud,
    said_about_name,
    said_about_target,
    triggers_of,
)
from penstock.generation.composing import Composition, Part, each_service
from penstock.generation.images import ChosenImage, image_for, said_about_tags
from penstock.generation.places import odd_image, odd_place
from penstock.generation.problems import impossible_spec, refused
from penstock.generation.rules import TextRule
from penstock.generation.running import (
    env_of,
    runtime_of,
    said_about_command,
    said_about_port,
    said_about_secrets,
    secrets_of,
)
from penstock.generation.runtimes import check_runtime
from penstock.generation.steps import steps_of
from penstock.generation.variables import MOST_TOLD, asked_about_env, open_variables, said_about_many
from penstock.generation.views import Service, ServiceWish
from penstock.generation.words import listed

_KINDS = {"web": "web", "worker": "worker", "static-site": "static-site", "docs": "static-site"}
"""Kind of the facts -> kind in the pipeline; everything else runs to its end, as a job."""
_TARGET = "cloud-run"
_DECISIVE = ("start_command", "output_dir")
"""Facts without which nobody can say how an image is started."""


@dataclass
class _Told:
    """What is said to the reader, each sentence once, in the order it was said."""

    assumptions: dict[str, Assumption] = field(default_factory=dict)
    questions: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def assume(self, *said: Assumption) -> None:
        for each in said:
            self.assumptions.setdefault(each.text, each)

    def ask(self, *asked: str) -> None:
        self.questions |= dict.fromkeys(asked)


def draft(
    facts: RepositoryFacts,
    options: Options,
    service_name: str | None,
    skills: tuple[Skill, ...],
    *,
    target: tuple[str, Origin] | None = None,
    wishes: Mapping[str, ServiceWish] | None = None,
) -> PipelineSpec:
    """Return the pipeline that the skills, in order of composition, make of the facts; the options win.

    ``target`` is where to deploy to and what decided it; ``wishes``, by service, is what the sentence says about
    services and no option can say (generation/overlaying.py). Raises InvalidConfiguration for options that cannot be
    granted, for a broken skill and for facts no pipeline can be made of; SkillNotFound when no skill builds any
    service.
    """
    check_options(options, service_name)
    place, decided = target or _target(options)
    asked = named(facts, options, service_name, wishes)
    cloud = cloud_of(asked.name, options, place)
    composition = Composition(facts, options, asked, cloud, place, skills)
    check_runtime(composition)
    told = _Told()
    told.assume(*said_about_target(place, decided))
    assumptions, questions = said_about_cloud(cloud, options, place)
    told.assume(*assumptions)
    told.ask(*questions)
    composition, images = _buildable(composition, told)
    try:
        return _spec(composition, images, told).model_copy(update={"target_origin": decided})
    except ValidationError as problem:
        raise impossible_spec(problem) from problem


def _target(options: Options) -> tuple[str, Origin]:
    if options.target is not None:
        return options.target, Origin(kind="request", ref="options.target")
    return _TARGET, Origin(kind="default", ref=f"target {_TARGET}")


def _buildable(composition: Composition, told: _Told) -> tuple[Composition, dict[str, ChosenImage]]:
    """Leave out services that no build file can name or no skill can build, and say so.

    Raises InvalidConfiguration or SkillNotFound when none is left.
    """
    images, odd, without = {}, {}, []
    for service in composition.named.services:
        wrong = odd_place(service)
        image = None if wrong else image_for(composition, service)
        wrong = wrong or (odd_image(image.spec) if image else None)
        if wrong:
            odd[service.name] = (service, wrong)
        elif image is None:
            without.append(service)
        else:
            images[service.name] = image
    kept = tuple(service for service in composition.named.services if service.name in images)
    if not kept:
        raise _nothing_left(list(odd.values()), without)
    for service, wrong in odd.values():
        text = f"{service.name} is left out: {wrong}"
        told.assume(Assumption(text=text, origin=Origin(kind="default", ref="services in folders with odd names")))
    for service in without:
        text = f"{service.name} ({service.view.path}) is left out: no skill builds it and it has no Dockerfile."
        told.assume(Assumption(text=text, origin=Origin(kind="default", ref="services without an image")))
    smaller = Named(composition.named.name, kept, composition.named.asked)
    return replace(composition, named=smaller), images


def _nothing_left(odd: list[tuple[Service, str]], without: list[Service]) -> PenstockError:
    if odd:
        others = f" {listed([each.name for each in without])} cannot be built either." if without else ""
        message = f"No pipeline can be made for {odd[0][0].name}: {odd[0][1]}{others}"
        return refused("service_context.path", message, "Rename it in the repository, and run it again.")
    names = listed([f"{each.name} ({_kind(each)})" for each in without])
    reasons = [f"{each.name}: {each.view.gaps[gap]}" for each in without for gap in _DECISIVE if gap in each.view.gaps]
    why = f" What is missing: {listed(reasons)}." if reasons else ""
    message = f"No skill of this pipeline knows how to build {names}, and there is no Dockerfile.{why}"
    return SkillNotFound(message, next_steps=("Add a Dockerfile to the service, or publish a skill for it.",))


def _kind(service: Service) -> str:
    view = service.view
    return ", ".join(filter(None, [view.language or view.ecosystem, view.framework, view.package_manager]))


def _spec(composition: Composition, images: dict[str, ChosenImage], told: _Told) -> PipelineSpec:
    services = tuple(_service(composition, each, images[each.name], told) for each in composition.named.services)
    triggers = triggers_of(composition)
    told.assume(*said_about_name(composition), *said_about_branch(composition, triggers))
    _said_by_skills(composition, images, told)
    steps = steps_of(composition, {name: image.view for name, image in images.items()})
    told.assume(*said_about_tags(composition, services, steps))
    return PipelineSpec(
        name=composition.named.name,
        target=composition.target,
        cloud=composition.cloud,
        build=build_of(composition),
        services=services,
        steps=steps,
        environments=environments_of(composition),
        triggers=triggers,
        notes=tuple(told.notes),
        assumptions=tuple(told.assumptions.values()),
        questions=tuple(told.questions),
        skills=tuple(part.name for part in composition.parts),
    )


def _service(composition: Composition, service: Service, image: ChosenImage, told: _Told) -> ServiceSpec:
    view, target = service.view, composition.target
    runtime = runtime_of(composition, service)
    secrets = secrets_of(composition, service)
    env = env_of(composition, service, runtime)
    told.assume(*image.assumptions, *said_about_port(composition, service, runtime))
    told.assume(*said_about_command(service, runtime), *said_about_secrets(service, secrets, target))
    variables = open_variables(service, env, target)
    told.assume(*said_about_many(service, variables))
    told.ask(*image.questions, *asked_about_env(service, variables))
    return ServiceSpec(
        name=service.name,
        path=view.path,
        kind=_KINDS.get(view.kind, "job"),
        language=view.language or view.ecosystem,
        runtime_version=view.runtime_version,
        image=image.spec,
        runtime=runtime,
        secrets=secrets,
        env=env,
        open_variables=variables[:MOST_TOLD],
        origin=_origin(service),
    )


def _origin(service: Service) -> Origin:
    language = service.facts.language
    if language is not None:
        where = "the repository's root" if service.view.path == "." else f"the folder {service.view.path}"
        return Origin(kind="fact", ref=str(language.source), because=(f"{where} holds a service in {language.value}",))
    own = service.facts.dockerfile
    return Origin(kind="fact", ref=str(own.source) if own else service.view.path)


def _said_by_skills(composition: Composition, images: dict[str, ChosenImage], told: _Told) -> None:
    for part, service in each_service(composition):
        names = part.names(service, image=images[service.name].view)
        rules = part.rules
        for place, rule, text in _sentences(part, "assumptions", rules.assumptions, names):
            told.assume(Assumption(text=text, origin=part.origin(place, rule.because, service)))
        told.ask(*(text for _, _, text in _sentences(part, "questions", rules.questions, names)))
        told.notes |= dict.fromkeys(text for _, _, text in _sentences(part, "notes", rules.notes, names))


def _sentences(
    part: Part, section: str, rules: tuple[TextRule, ...], names: Mapping[str, Any]
) -> Iterator[tuple[str, TextRule, str]]:
    for index, rule in enumerate(rules):
        place = f"{section}[{index}]"
        if part.holds(place, rule.when, names):
            yield place, rule, str(part.value(place, rule.text, names))
