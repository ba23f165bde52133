"""Folders that may hold a service, and the best reading of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from penstock.detection.dockerfiles import for_application, is_dockerfile

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.detection.language import Language
    from penstock.domain.facts import ServiceFacts

MAX_CANDIDATES = 200
"""Folders that are read; a repository with more is a collection, not a product."""
_ASIDE = re.compile(
    r"^(e2e|tests?|testing|__tests__|spec|fixtures?|testdata|examples?|samples?|demos?|docs?|documentation|scripts?|tools?"
    r"|tooling|bench(mark)?s?|hack|infra(structure)?|terraform|storybook|playgrounds?|templates?|mocks?|seeds?|migrations?"
    r"|jobs?|third[-_]party|vendor|vendored|dist|target|obj|\..*)$|\{\{"
    r"|[-_.](e2e|tests?|examples?|samples?|docs|fixtures?|mocks?|jobs?|migrations?|seed)$",
    re.IGNORECASE,
)
"""Folder names that hold what surrounds services: tests, examples, documentation, tools, one-off jobs."""
_DEPLOYABLE = frozenset({"web", "worker", "cli", "static-site"})


@dataclass(frozen=True)
class Candidates:
    """Folders with manifests below the root, kept and left out."""

    paths: tuple[str, ...]
    aside: tuple[str, ...]


def find(root: Folder, languages: tuple[Language, ...]) -> Candidates:
    """Return the folders (not the root) that hold a manifest or an application's Dockerfile."""
    exact = {name for language in languages for name in language.manifests if not set("*?[") & set(name)}
    globs = tuple(
        name
        for language in languages
        for name in language.manifests
        if name not in exact and not re.fullmatch(r"\*\.\w{1,3}", name)
    )
    globs = (*globs, "*.csproj", "*.fsproj", "*.vbproj")
    exact -= {"index.html"}
    kept: set[str] = set()
    aside: set[str] = set()
    for path in root.below:
        folder, _, name = path.rpartition("/")
        if not folder or folder in kept or folder in aside:
            continue
        manifest = name in exact or any(fnmatchcase(name, glob) for glob in globs)
        if not manifest and not (is_dockerfile(name) and for_application(path)):
            continue
        (aside if is_aside(path) else kept).add(folder)
    ordered = sorted(kept, key=lambda path: (path.count("/"), path))
    return Candidates(tuple(ordered[:MAX_CANDIDATES]), tuple(sorted(aside)))


def is_aside(path: str) -> bool:
    """Whether a file lies in a folder of examples, tests, tools or documentation."""
    return any(_ASIDE.search(part) for part in path.split("/")[:-1])


def read(folder: Folder, languages: tuple[Language, ...], *, every: bool = False) -> ServiceFacts | None:
    """Return a folder's facts in the language that explains most of it; the earlier one between equals.

    A nested folder is shown to the languages whose manifest it holds; ``every`` shows it to all.
    """
    best: ServiceFacts | None = None
    best_strength = -1.0
    for language in languages:
        if not every and not _concerns(folder, language):
            continue
        facts = language.inspect(folder)
        if facts is not None and (strength := _strength(facts)) > best_strength:
            best, best_strength = facts, strength
    return best


def deployable(facts: ServiceFacts) -> bool:
    """Whether a folder holds something to deploy."""
    return facts.kind in _DEPLOYABLE


def _concerns(folder: Folder, language: Language) -> bool:
    """Tell whether a language reads a folder: a nested one needs its manifest, the root is shown to all."""
    if folder.path == ".":
        return True
    return any(name == glob or fnmatchcase(name, glob) for glob in language.manifests for name in folder.names)


def _strength(facts: ServiceFacts) -> float:
    if facts.kind in {"web", "worker"} and facts.start_command is not None and facts.framework is not None:
        return 4.0
    if facts.kind in {"web", "worker"} and (facts.start_command is not None or facts.framework is not None):
        return 3.0
    if facts.kind == "static-site":
        return 1.5 if facts.ecosystem != "static" else 0.5
    if facts.kind == "cli" and facts.start_command is not None:
        return 2.0
    return 1.0
