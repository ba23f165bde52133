"""The shape of a skill's assets/defaults.yaml: closed, so a mistyped key is told and not ignored (docs/skills.md)."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from penstock.domain.skills import Skill
from penstock.domain.spec import Lane
from penstock.generation.problems import broken_skill, in_words


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str | bool | None = None


class TextRule(_Rule):
    """A sentence for the reader: an assumption, a question or a note."""

    text: str
    because: tuple[str, ...] = ()


class StepRule(_Rule):
    """A step of the build, for each service or once."""

    id: str
    per: Literal["service", "pipeline"] = "service"
    kind: Literal["install", "lint", "test", "build", "scan", "sbom", "image", "release", "verify", "notify", "custom"]
    title: str
    lanes: Annotated[tuple[Lane, ...], Field(min_length=1)]
    after: tuple[str, ...] = ()
    image: str
    entrypoint: str | None = None
    args: tuple[Any, ...] | str | None = None
    script: str | None = None
    dir: str = "."
    env: dict[str, Any] = Field(default_factory=dict)
    secret_env: tuple[str, ...] | str = ()
    timeout_s: int | str | None = None
    automap_substitutions: bool = False
    because: tuple[str, ...] = ()


class CaseRule(_Rule):
    """One value that a ``let`` may have; the first whose condition holds is taken."""

    value: Any


class ImageRule(_Rule):
    """How a service becomes an image."""

    method: Literal["dockerfile", "buildpacks"] = "dockerfile"
    template: str | None = None
    dockerfile: str | None = None
    context: str | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    because: tuple[str, ...] = ()
    assumptions: tuple[TextRule, ...] = ()
    questions: tuple[TextRule, ...] = ()


class RuntimeRule(_Rule):
    """What the running service gets; fields of RuntimeSpec."""

    port: int | str | None = None
    health_path: str | None = None
    cpu: str | None = None
    memory: str | None = None
    min_instances: int | str | None = None
    max_instances: int | str | None = None
    concurrency: int | str | None = None
    writable_paths: tuple[str, ...] | str | None = None
    because: tuple[str, ...] = ()


class BuildRule(_Rule):
    """Options of the Cloud Build files; fields of BuildSettings."""

    timeout_s: int | str | None = None
    machine_type: str | None = None


class EnvironmentRule(_Rule):
    """A stage on the way to production; fields of Environment."""

    name: str
    production: bool = False
    require_approval: bool = False
    verify: bool = False
    canary: tuple[int, ...] = ()
    min_instances: int | None = None
    max_instances: int | None = None


class TriggerRule(_Rule):
    """What starts a lane; fields of Trigger."""

    name: str
    event: Literal["push", "pull_request", "tag", "schedule", "image_pushed", "manual"]
    lane: Lane
    branch: str | None = None
    schedule: str | None = None


class SecretRule(_Rule):
    """A secret by name; fields of SecretRef."""

    per: Literal["service"] = "service"
    env: str
    secret: str
    version: str = "1"
    at: Literal["build", "runtime"] = "runtime"
    because: tuple[str, ...] = ()


class EnvRule(_Rule):
    """A plain environment variable of the running service; fields of EnvValue."""

    name: str
    value: str
    because: tuple[str, ...] = ()


class Defaults(BaseModel):
    """A whole defaults.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    let: dict[str, tuple[CaseRule, ...] | str | int | bool | None] = Field(default_factory=dict)
    runtimes: tuple[str, ...] | str | None = None
    image: Annotated[tuple[ImageRule, ...], BeforeValidator(_listed)] = ()
    runtime: Annotated[tuple[RuntimeRule, ...], BeforeValidator(_listed)] = ()
    build: Annotated[tuple[BuildRule, ...], BeforeValidator(_listed)] = ()
    steps: tuple[StepRule, ...] = ()
    environments: tuple[EnvironmentRule, ...] = ()
    triggers: tuple[TriggerRule, ...] = ()
    secrets: tuple[SecretRule, ...] = ()
    env: tuple[EnvRule, ...] = ()
    assumptions: tuple[TextRule, ...] = ()
    questions: tuple[TextRule, ...] = ()
    notes: tuple[TextRule, ...] = ()


def defaults_of(skill: Skill) -> Defaults:
    """Return the rules of a skill. Raises InvalidConfiguration for a broken one.

    A published version never changes, so its digest is the key of what was read before.
    """
    if not skill.metadata.digest:
        return _parsed(skill)
    return _known(_Key(skill))


class _Key:
    """A skill that equals another of the same digest."""

    def __init__(self, skill: Skill) -> None:
        self.skill = skill
        self.digest = (skill.metadata.name, skill.metadata.version, skill.metadata.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@lru_cache(64)
def _known(key: _Key) -> Defaults:
    return _parsed(key.skill)


def _parsed(skill: Skill) -> Defaults:
    try:
        return Defaults.model_validate(dict(skill.defaults))
    except ValidationError as problem:
        raise broken_skill(skill, "", in_words(problem)) from problem
