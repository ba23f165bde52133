"""Facts: what detection found out about a repository, each with the place it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Basis(StrEnum):
    """How sure a fact is."""

    FILE = "file"
    """Written down in the repository."""
    CONVENTION = "convention"
    """Not written down, but the tool named by the repository defines it (``mvn test``)."""
    INFERRED = "inferred"
    """Concluded from several files, or the framework's documented default."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the repository: path from its root, 1-based line (None: the file as a whole), what stood there."""

    path: str
    line: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place} {' '.join(self.detail.split())}".strip()


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One value with its source."""

    value: T
    source: Source
    basis: Basis = Basis.FILE


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that is missing and why: what was looked at, what was wrong with it, in words for the reader."""

    field: str
    reason: str
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class EnvVar:
    """An environment variable the code reads; ``secret`` when its name says it holds a credential."""

    name: str
    source: Source
    secret: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A named task that a person can run; ``command`` is what one types in the service's folder: npm run test:e2e."""

    name: str
    command: str
    source: Source


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """One deployable (or at least buildable) unit of a repository.

    ``path`` is the folder relative to the repository root, ``"."`` for the root. Commands are relative to that folder
    and exist in the repository: a script that is a placeholder, or a tool without its configuration, gives no fact.
    """

    path: str
    name: str
    kind: str
    """web, worker, cli, static-site, library, docs, infra, data."""
    ecosystem: str
    """node, deno, python, jvm, go, dotnet, ruby, php, rust, elixir, static, none."""
    language: Fact[str] | None = None
    runtime_version: Fact[str] | None = None
    """As the project's own files demand it, unchanged: ``>=18``, ``22.2.0``, ``lts/iron``."""
    runtime_kind: str | None = None
    """pin, range, minimum, alias, dockerfile."""
    package_manager: Fact[str] | None = None
    """npm, yarn1, yarn-berry, pnpm, bun, pip, poetry, uv, pipenv, pdm, conda, maven, gradle, sbt, gomod, nuget, ..."""
    package_manager_version: str | None = None
    lockfile: Fact[str] | None = None
    framework: Fact[str] | None = None
    install_command: Fact[str] | None = None
    build_command: Fact[str] | None = None
    test_command: Fact[str] | None = None
    lint_command: Fact[str] | None = None
    start_command: Fact[str] | None = None
    start_program: Fact[str] | None = None
    """What the start command's script runs, when that is one plain command: ``node server.js`` for ``npm start``."""
    output_dir: Fact[str] | None = None
    """Static sites: the folder the build writes; JVM: the jar."""
    port: Fact[int] | None = None
    port_env: str | None = None
    """Name of the variable the code reads its port from; None when the port is fixed in code."""
    health_path: Fact[str] | None = None
    """A path the code answers for probes: ``/healthz``."""
    dockerfile: Fact[str] | None = None
    """Path of the application's own Dockerfile, relative to the repository root."""
    env: tuple[EnvVar, ...] = ()
    tasks: tuple[Task, ...] = ()
    """Scripts of package.json, targets of a Makefile and the like: at most 60, in the order of their files."""
    traits: tuple[Fact[str], ...] = ()
    """Further marks: ``tests-need-postgres``, ``pnp``, ``next-standalone``, ``multi-module``, ``cgo``..."""
    gaps: tuple[Gap, ...] = ()

    def has(self, trait: str) -> bool:
        """Whether the mark is set."""
        return any(mark.value == trait for mark in self.traits)


@dataclass(frozen=True, slots=True)
class CiFile:
    """An existing delivery file: kind is cloudbuild, clouddeploy, skaffold, github-workflow, gitlab, jenkins, ..."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """All facts of one repository. ``primary`` is its main service (None: nothing recognisable; ``reasons``)."""

    name: str
    deployable: bool
    primary: ServiceFacts | None
    services: tuple[ServiceFacts, ...] = ()
    """Every deployable service; for a one-service repository exactly the primary."""
    monorepo: str | None = None
    """npm-workspaces, pnpm-workspaces, turborepo, nx, uv-workspace, go-workspace, gradle-multi, folders, ..."""
    dockerfiles: tuple[str, ...] = ()
    ignore_files: tuple[str, ...] = ()
    """Every .dockerignore."""
    ci_files: tuple[CiFile, ...] = ()
    managed_files: tuple[str, ...] = ()
    """Paths the repository's own Penstock lock file lists as written by Penstock."""
    managed_hashes: tuple[tuple[str, str], ...] = ()
    """Path and SHA-256 of each managed file, as it was written."""
    chosen_target: str | None = None
    """The target that somebody chose in the run before, as its lock file says; None when it was the default."""
    name_from: str = ""
    """What gave the repository its name, in words: the lock file of the run before, a git remote, the folder."""
    default_branch: Fact[str] | None = None
    """The branch that changes are merged into, where git or the repository host tells."""
    reasons: tuple[str, ...] = ()
    file_count: int = 0
    truncated: bool = field(default=False)
    """True when a bound (files, bytes) stopped the walk before its end."""
    workspace: ServiceFacts | None = None
    """The root of a workspace that is no service itself: its scripts, lock file and versions hold for all members."""
