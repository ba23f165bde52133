"""Skills: folders in Agent Skills format, loaded and chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SkillMetadata:
    """The front matter of SKILL.md: all that selection needs, without the body."""

    name: str
    version: str
    description: str
    digest: str
    """sha256 over every file of the skill, in path order, as ``sha256:<hex>``."""
    role: str
    """foundation, language, runtime, supply-chain: one language and one runtime skill make a pipeline."""
    languages: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    """Names of skills this one cannot go without."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A whole skill: instructions for the model, defaults as data, templates."""

    metadata: SkillMetadata
    instructions: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    """Path below assets/templates -> Jinja2 source."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Other assets/*.yaml, parsed, by stem (``images`` -> ...)."""
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SkillUse:
    """A skill as a pipeline names it."""

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One skill weighed: the score (higher fits better, 0 does not fit) and the reasons in words."""

    skill: SkillMetadata
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer of skills.select: what was chosen, in order of composition, and what came near."""

    chosen: tuple[Candidate, ...]
    runners_up: tuple[Candidate, ...]
