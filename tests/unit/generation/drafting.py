"""Facts and skills in small, and drafts of them."""

from __future__ import annotations

from typing import Any

from penstock.domain.facts import EnvVar, Fact, RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Options
from penstock.domain.skills import Skill, SkillMetadata
from penstock.domain.spec import PipelineSpec
from penstock.generation.defaults import draft

IMAGE = {"template": "Dockerfile.j2", "params": {"base": "node:24.21.0-trixie-slim"}}
STEP = {
    "id": "test",
    "kind": "test",
    "title": "Test",
    "lanes": ["check", "main"],
    "image": "node:24.21.0",
    "script": "#!/bin/sh\nnpm test\n",
}


def fact(value: Any, path: str = "package.json", line: int | None = 1, detail: str = "") -> Fact[Any]:
    return Fact(value, Source(path, line, detail))


def service(name: str = "web", path: str = ".", **given: Any) -> ServiceFacts:
    """Return a JavaScript server; keywords are further facts, plain values become facts."""
    plain = {"kind": "web", "ecosystem": "node", "port_env": "PORT", "runtime_kind": "range"}
    known: dict[str, Any] = {"language": "javascript", "port": 3000, **given}
    facts = {
        key: value if isinstance(value, Fact | tuple | None) or key in plain else fact(value)
        for key, value in known.items()
    }
    return ServiceFacts(path=path, name=name, **{**plain, **facts})


def repository(*services: ServiceFacts, name: str = "shop", **given: Any) -> RepositoryFacts:
    return RepositoryFacts(name=name, deployable=True, primary=services[0], services=services, **given)


def variable(name: str, *, secret: bool = False, default: str | None = None) -> EnvVar:
    return EnvVar(name, Source("src/app.js", 7), secret, default)


def skill(
    name: str = "node", role: str = "language", languages: tuple[str, ...] = ("javascript",), **given: Any
) -> Skill:
    """Return a skill; keywords are keys of its defaults.yaml, ``data`` its other assets."""
    data = given.pop("data", {})
    about = SkillMetadata(name, "1.2.0", "For tests.", "", role, languages=languages)
    return Skill(
        about, "", defaults=given, data=data, templates={"Dockerfile.j2": "FROM {{ params.base | docker_word }}\n"}
    )


def language(**given: Any) -> Skill:
    """Return a language skill that can build an image."""
    return skill(**{"image": [IMAGE], **given})


def drafted(
    facts: RepositoryFacts | None = None,
    *skills: Skill,
    name: str | None = None,
    target: str | None = None,
    **asked: Any,
) -> PipelineSpec:
    """Return the draft over a language skill, and whatever else is given."""
    options = Options(target=target, **{"project": "acme-prod", **asked})
    return draft(facts or repository(service()), options, name, skills or (language(),))
