"""How each service becomes a container image: its own Dockerfile, one that a skill writes, or buildpacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join
from typing import Any

from pydantic import ValidationError

from penstock.domain.spec import Assumption, CloudProject, ImageSpec, Origin, ServiceSpec, Step
from penstock.generation.composing import Composition, Part, speaks
from penstock.generation.problems import in_words
from penstock.generation.rules import ImageRule, TextRule
from penstock.generation.views import Service
from penstock.generation.words import listed

_TAGGED = re.compile(r"[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9][\w.-]*")
_BASES = ("build", "run", "ruby")
"""Values of Dockerfile templates that name a base image."""


@dataclass(frozen=True)
class ImageView:
    """A service's image as expressions of steps see it. ``uri`` is the address without tag."""

    name: str
    uri: str
    method: str
    dockerfile: str | None
    context: str
    stage: str | None


@dataclass(frozen=True)
class ChosenImage:
    """The image of a service, and what has to be told about it."""

    spec: ImageSpec
    view: ImageView
    assumptions: tuple[Assumption, ...] = ()
    questions: tuple[str, ...] = ()


def image_for(composition: Composition, service: Service) -> ChosenImage | None:
    """Return the image of a service: the first entry that holds, language skills first; its own Dockerfile at least.

    None when no skill knows how and there is no Dockerfile.
    """
    for part, index, rule in _entries(composition, service):
        place = f"image[{index}]"
        if part.holds(place, rule.when, part.names(service)):
            return _chosen(composition, service, part, place, rule)
    own = service.facts.dockerfile
    if own is None:
        return None
    origin = Origin(kind="fact", ref=str(own.source), because=("the repository's own Dockerfile is kept",))
    spec = ImageSpec(
        name=service.name,
        method="dockerfile",
        dockerfile=own.value,
        context=_context(service, own.value),
        stage=service.view.trait("image-stage"),
        origin=origin,
    )
    assumptions, questions = _said_of_own(service, own.value, origin)
    return ChosenImage(spec, _view(composition.cloud, spec), assumptions, questions)


def _said_of_own(service: Service, dockerfile: str, origin: Origin) -> tuple[tuple[Assumption, ...], tuple[str, ...]]:
    """Return what is assumed and asked about a Dockerfile that is kept as it is."""
    assumptions: list[Assumption] = []
    questions: list[str] = []
    stage, develops = service.view.trait("image-stage"), service.view.trait("image-develops")
    if stage is not None:
        text = (
            f"The last stage of {dockerfile} is for developers by its name, so the image of {service.name} is its stage"
            f" {stage} (--target)."
        )
        assumptions.append(Assumption(text=text, origin=origin))
    if develops is not None:
        questions.append(
            f"The image of {dockerfile} starts a server for development ({develops}), and it is released as it is."
            f" Can it get a stage that runs {service.name} as production should?"
        )
    return tuple(assumptions), tuple(questions)


def _entries(composition: Composition, service: Service) -> Iterator[tuple[Part, int, ImageRule]]:
    parts = {role: [part for part in composition.parts if part.skill.metadata.role == role] for role in _MAKERS}
    for part in (each for role in _MAKERS for each in parts[role] if speaks(each.skill, service)):
        for index, rule in enumerate(part.rules.image):
            yield part, index, rule


_MAKERS = ("language", "image")
"""Roles that make images, in the order they are asked."""


def _chosen(composition: Composition, service: Service, part: Part, place: str, rule: ImageRule) -> ChosenImage:
    names = part.names(service)
    given: dict[str, Any] = {
        key: part.value(f"{place}.{key}", getattr(rule, key), names)
        for key in ("template", "dockerfile", "context", "params")
    }
    dockerfile = None
    if rule.method == "dockerfile":
        beside = "Dockerfile" if service.view.path == "." else join(service.view.path, "Dockerfile")
        dockerfile = given["dockerfile"] or (service.view.dockerfile if given["template"] is None else None) or beside
    context = given["context"] or (_context(service, dockerfile) if dockerfile else service.view.path)
    try:
        spec = ImageSpec(
            name=service.name,
            method=rule.method,
            dockerfile=dockerfile,
            context=context,
            stage=service.view.trait("image-stage") if dockerfile == service.view.dockerfile else None,
            write_dockerfile=given["template"] is not None,
            template=given["template"],
            params=given["params"],
            origin=part.origin(place, rule.because, service),
        )
    except ValidationError as problem:
        raise part.broken(place, in_words(problem)) from problem
    view = _view(composition.cloud, spec)
    told = part.names(service, image=view)
    return ChosenImage(
        spec,
        view,
        tuple(
            Assumption(text=text, origin=part.origin(f"{place}.assumptions[{index}]", said.because, service))
            for index, said, text in _said(part, f"{place}.assumptions", rule.assumptions, told)
        ),
        tuple(text for _, _, text in _said(part, f"{place}.questions", rule.questions, told)),
    )


def _said(
    part: Part, place: str, rules: tuple[TextRule, ...], names: dict[str, Any]
) -> Iterator[tuple[int, TextRule, str]]:
    for index, rule in enumerate(rules):
        if part.holds(f"{place}[{index}]", rule.when, names):
            yield index, rule, str(part.value(f"{place}[{index}].text", rule.text, names))


def _context(service: Service, dockerfile: str) -> str:
    """Return the folder a Dockerfile is built in: as a compose file says, the service's if it lies there, else all."""
    stated = service.view.trait("image-context")
    if stated:
        return stated
    folder = service.view.path
    return folder if folder != "." and (dirname(dockerfile) + "/").startswith(f"{folder}/") else "."


def _view(cloud: CloudProject, spec: ImageSpec) -> ImageView:
    uri = f"{cloud.region}-docker.pkg.dev/{cloud.project}/{cloud.repository}/{spec.name}"
    return ImageView(spec.name, uri, spec.method, spec.dockerfile, spec.context, spec.stage)


def said_about_tags(
    composition: Composition, services: Iterable[ServiceSpec], steps: Iterable[Step]
) -> list[Assumption]:
    """Return the assumption about images of languages that only a tag names: no digest of theirs is on offer."""
    named = [step.image for step in steps if step.image not in set(composition.images.values())]
    for service in services:
        params = service.image.params if service.image.write_dockerfile else {}
        named += [str(params[key]) for key in _BASES if params.get(key)]
    loose = sorted({name for name in named if _TAGGED.fullmatch(name)})
    if not loose:
        return []
    text = (
        f"{listed(loose)} {'is' if len(loose) == 1 else 'are'} named by tag alone, and a publisher may put another"
        " image behind a tag: no digest is known here. TAG@sha256:... keeps builds the same."
    )
    return [Assumption(text=text, origin=Origin(kind="default", ref="images without a digest"))]
