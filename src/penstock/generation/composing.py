"""The skills of one pipeline, each with its rules, and what their expressions may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from penstock.domain.facts import RepositoryFacts
from penstock.domain.pipelines import Options
from penstock.domain.skills import Skill
from penstock.domain.spec import CloudProject, Origin
from penstock.errors import InvalidConfiguration
from penstock.generation.asked import Named
from penstock.generation.expressions import evaluate, holds
from penstock.generation.problems import DEFAULTS, BrokenExpression, broken_skill
from penstock.generation.rules import Defaults, defaults_of
from penstock.generation.views import Service, because, view_of

R = TypeVar("R")
USUAL_BRANCH = "main"
_LAST_WORD = ("language", "image", "runtime", "supply-chain", "foundation")
"""Roles whose word counts before the next one's where several say how a service runs."""


@dataclass(frozen=True)
class Composition:
    """Everything a pipeline is made from."""

    facts: RepositoryFacts
    options: Options
    named: Named
    cloud: CloudProject
    target: str
    skills: tuple[Skill, ...]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The skills with their rules, in order of composition."""
        return tuple(Part(self, skill, defaults_of(skill)) for skill in self.skills)

    @property
    def by_weight(self) -> tuple[Part, ...]:
        """The skills, the one whose word counts least first."""
        order = {role: index for index, role in enumerate(reversed(_LAST_WORD), 1)}
        return tuple(sorted(self.parts, key=lambda part: order.get(part.skill.metadata.role, 0)))

    @cached_property
    def images(self) -> Mapping[str, str]:
        """The pins of every skill's images.yaml."""
        merged: dict[str, str] = {}
        for skill in self.skills:
            pins = skill.data.get("images")
            if isinstance(pins, Mapping):
                merged |= {str(key): str(pin) for key, pin in pins.items()}
        return merged

    @property
    def own_branch(self) -> str | None:
        """The branch that changes are merged into, where git or the host says that it is not the usual one."""
        known = self.facts.default_branch
        return known.value if known is not None and known.value != USUAL_BRANCH else None

    @cached_property
    def names(self) -> Mapping[str, Any]:
        """What every expression may name."""
        root = self.facts.workspace
        return {
            "workspace": None if root is None else view_of(root, root.name),
            "images": self.images,
            "cloud": self.cloud,
            "target": self.target,
            "options": self.options,
            "default_branch": self.own_branch or USUAL_BRANCH,
            "services": tuple(service.view for service in self.named.services),
        }

    def speakers(self, service: Service) -> tuple[Skill, ...]:
        """Return the language skills for a service's language."""
        return tuple(skill for skill in self.skills if skill.metadata.role == "language" and speaks(skill, service))


def speaks(skill: Skill, service: Service) -> bool:
    """Whether a skill is for the language of a service; one without languages is for all."""
    ecosystem = service.view.ecosystem
    language = ecosystem if ecosystem == "deno" else service.view.language or ecosystem
    return not skill.metadata.languages or language.lower() in skill.metadata.languages


@dataclass(frozen=True)
class Part:
    """One skill in a composition."""

    whole: Composition
    skill: Skill
    rules: Defaults
    _known: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)
    """What expressions may name, by service."""

    @property
    def name(self) -> str:
        """The skill as origins name it."""
        return f"{self.skill.metadata.name}@{self.skill.metadata.version}"

    def services(self) -> tuple[Service, ...]:
        """Return the services this skill speaks for.

        A language skill speaks for its languages, an image skill for the services no language skill speaks for, any
        other for all.
        """
        role, every = self.skill.metadata.role, self.whole.named.services
        if role == "language":
            return tuple(service for service in every if speaks(self.skill, service))
        if role == "image":
            return tuple(service for service in every if not self.whole.speakers(service))
        return every

    def names(self, service: Service | None = None, **more: Any) -> dict[str, Any]:
        """Return what expressions of this skill may name: with a service, the skill's own ``let`` too."""
        about = "" if service is None else service.name
        if about not in self._known:
            known: dict[str, Any] = {**self.whole.names, "data": self.skill.data}
            if service is not None:
                known["service"] = service.view
                for name in self.rules.let:
                    known[name] = self._let(name, known)
            self._known[about] = known
        return {**self._known[about], **more}

    def _let(self, name: str, known: Mapping[str, Any]) -> Any:
        """Return a value the skill names: the one there is, or the first case that holds, else none."""
        given = self.rules.let[name]
        if not isinstance(given, tuple):
            return self.value(f"let.{name}", given, known)
        for index, case in enumerate(given):
            place = f"let.{name}[{index}]"
            if self.holds(place, case.when, known):
                return self.value(place, case.value, known)
        return None

    def origin(self, place: str, reasons: Sequence[str] = (), service: Service | None = None) -> Origin:
        """Return the origin of a node that this skill puts there. Raises InvalidConfiguration for unknown reasons."""
        try:
            found = because(reasons, service, self.whole.facts)
        except ValueError as problem:
            raise broken_skill(self.skill, place, problem) from problem
        return Origin(kind="skill", ref=f"{self.name} {DEFAULTS} {place}", because=found)

    def value(self, place: str, value: Any, names: Mapping[str, Any]) -> Any:
        """Return a value evaluated. Raises InvalidConfiguration that names the skill and the place."""
        return self._guarded(place, lambda: evaluate(value, names))

    def holds(self, place: str, condition: str | bool | None, names: Mapping[str, Any]) -> bool:
        """Whether a condition holds. Raises InvalidConfiguration that names the skill and the place."""
        return self._guarded(f"{place}.when", lambda: holds(condition, names))

    def _guarded(self, place: str, evaluated: Callable[[], R]) -> R:
        try:
            return evaluated()
        except BrokenExpression as problem:
            raise self.broken(place, problem) from problem

    def broken(self, place: str, why: object) -> InvalidConfiguration:
        """Return the error for a rule of this skill that cannot be applied."""
        return broken_skill(self.skill, place, why)


def each_service(composition: Composition) -> Iterator[tuple[Part, Service]]:
    """Yield every skill with every service it speaks for, in order of composition."""
    for part in composition.parts:
        for service in part.services():
            yield part, service
