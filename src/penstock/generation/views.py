"""What expressions of skills see of facts: plain values, with the options already laid over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from penstock.domain.facts import EnvVar, Fact, Gap, RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Options

_NEEDS = "tests-need-"


@dataclass(frozen=True, slots=True)
class EnvView:
    """An environment variable the code reads."""

    name: str
    secret: bool
    default: str | None


@dataclass(frozen=True)
class ServiceView:
    """One service. ``name`` is its name in the pipeline, all else what the repository (or the request) says."""

    name: str
    path: str
    kind: str
    ecosystem: str
    language: str | None
    framework: str | None
    runtime_version: str | None
    runtime_kind: str | None
    package_manager: str | None
    package_manager_version: str | None
    lockfile: str | None
    install_command: str | None
    build_command: str | None
    test_command: str | None
    lint_command: str | None
    start_command: str | None
    start_program: str | None
    output_dir: str | None
    port: int | None
    port_env: str | None
    health_path: str | None
    dockerfile: str | None
    env: tuple[EnvView, ...]
    traits: dict[str, str] = field(default_factory=dict)
    """Mark -> what stood at its source."""
    places: dict[str, str] = field(default_factory=dict)
    """Mark -> file and line it was read from."""
    gaps: dict[str, str] = field(default_factory=dict)
    """Name of a missing fact -> why it is missing."""

    @property
    def test_needs(self) -> tuple[str, ...]:
        """What the tests need beside the code: postgres, docker, browser..."""
        return tuple(name.removeprefix(_NEEDS) for name in sorted(self.traits) if name.startswith(_NEEDS))

    def has(self, trait: str) -> bool:
        """Whether the mark is set."""
        return trait in self.traits

    def trait(self, name: str) -> str | None:
        """Return the detail of a mark (``program-in-module``: the module's folder), None when it is not set."""
        return self.traits.get(name)

    def place(self, name: str) -> str | None:
        """Return the file and line a mark was read from, None when it is not set."""
        return self.places.get(name)

    def env_named(self, name: str) -> EnvView | None:
        """Return the variable of that name, None when the code does not read it."""
        return next((each for each in self.env if each.name == name), None)


@dataclass(frozen=True)
class ServiceWish:
    """What the sentence says about one service and a draft has to know. The main one's runtime and port are options."""

    runtime: str | None = None
    port: int | None = None
    variables: frozenset[str] = frozenset()
    """Variables that the sentence gives a value, or a secret."""


NO_WISHES = ServiceWish()


@dataclass(frozen=True)
class Service:
    """A service on its way into the pipeline: its facts, its name, what skills see of it."""

    name: str
    facts: ServiceFacts
    view: ServiceView
    primary: bool
    wish: ServiceWish = NO_WISHES


def view_of(facts: ServiceFacts, name: str, options: Options | None = None) -> ServiceView:
    """Return the view of a service; ``options`` (for the main service only) win over its facts."""
    return ServiceView(
        name=name,
        path=facts.path,
        kind=facts.kind,
        ecosystem=facts.ecosystem,
        language=_value(facts.language),
        framework=_value(facts.framework),
        runtime_version=(options.runtime if options else None) or _value(facts.runtime_version),
        runtime_kind="pin" if options and options.runtime else facts.runtime_kind,
        package_manager=_value(facts.package_manager),
        package_manager_version=facts.package_manager_version,
        lockfile=_value(facts.lockfile),
        install_command=_value(facts.install_command),
        build_command=_value(facts.build_command),
        test_command=_value(facts.test_command),
        lint_command=_value(facts.lint_command),
        start_command=_value(facts.start_command),
        start_program=_value(facts.start_program),
        output_dir=_value(facts.output_dir),
        port=(options.port if options else None) or (facts.port.value if facts.port else None),
        port_env=facts.port_env,
        health_path=_value(facts.health_path),
        dockerfile=_value(facts.dockerfile),
        env=tuple(EnvView(each.name, each.secret, each.default) for each in facts.env),
        traits={trait.value: trait.source.detail for trait in facts.traits},
        places={trait.value: str(replace(trait.source, detail="")) for trait in facts.traits},
        gaps=_gaps(facts.gaps),
    )


def because(names: Iterable[str], service: Service | None, facts: RepositoryFacts) -> tuple[str, ...]:
    """Return the places of the facts that a skill names (``service.test_command``, ``service.next-standalone``).

    Facts that are not there are left out; ``policy.RULE`` gives the rule. Raises ValueError for a name that is none.
    """
    found: list[str] = []
    for name in names:
        owner, _, fact = name.partition(".")
        if owner not in {"service", "workspace", "policy"} or not fact:
            message = f"because names {name!r}; it takes service.FACT, workspace.FACT or policy.RULE"
            raise ValueError(message)
        if owner == "policy":
            found.append(f"the policy {fact}")
            continue
        holder = facts.workspace if owner == "workspace" else service.facts if service else None
        source = _source(holder, fact) if holder else None
        if source is not None and str(source) not in found:
            found.append(str(source))
    return tuple(found)


def _source(facts: ServiceFacts, name: str) -> Source | None:
    value = getattr(facts, name, None)
    if isinstance(value, Fact):
        return value.source
    trait = next((each for each in facts.traits if each.value == name), None)
    if trait is not None:
        return trait.source
    variable = next((each for each in facts.env if isinstance(each, EnvVar) and each.name == name), None)
    return variable.source if variable else None


def _value(fact: Fact[str] | None) -> str | None:
    return None if fact is None else fact.value


def _gaps(gaps: tuple[Gap, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for gap in gaps:
        found.setdefault(gap.field, gap.reason)
    return found
