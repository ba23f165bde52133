"""A repository's facts: its services, their kind of togetherness, and the reasons when there is nothing to build."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import TYPE_CHECKING

from penstock.detection import candidates
from penstock.detection.completing import complete, is_for_developers
from penstock.detection.compose import Built, built_images
from penstock.detection.delivery_files import (
    LOCK,
    chosen_target,
    ci_files,
    kept_branch,
    kept_name,
    managed_files,
    managed_hashes,
)
from penstock.detection.dockerfiles import application_dockerfiles, parse
from penstock.detection.folder import Folder
from penstock.detection.languages import LANGUAGES
from penstock.detection.node_workspaces import is_member, patterns_of, workspace_of
from penstock.detection.reasons import reasons
from penstock.detection.tree import Tree, WithoutFiles
from penstock.domain.facts import Basis, Fact, RepositoryFacts, ServiceFacts, Source

if TYPE_CHECKING:
    from penstock.detection.candidates import Candidates

_DRIVES_NODE = re.compile(
    r"frontend-maven-plugin|com\.github\.node-gradle|com\.moowork\.node|com\.github\.siouan\.frontend"
)
_MAIN_NAMES = ("backend", "api", "server", "web", "app", "service", "frontend")


@dataclass(frozen=True)
class _Found:
    services: tuple[ServiceFacts, ...]
    workspace: ServiceFacts | None = None
    rest: ServiceFacts | None = None


def detect(tree: Tree, *, name: str, subpath: str = ".", name_from: str = "") -> RepositoryFacts:
    """Return everything known about a repository, or about one folder of it. Never raises for what is in the files.

    Files that Penstock wrote are hidden from the languages: a generated Dockerfile is no fact about the repository.
    ``name`` is the repository's, unless its lock file keeps another; ``name_from`` says what gave it.
    """
    kept = kept_name(Folder(tree))
    if kept is not None:
        name, name_from = kept, LOCK
    managed = managed_files(Folder(tree))
    seen = WithoutFiles(tree, frozenset(managed)) if managed else tree
    root = Folder(seen)
    built = built_images(root)
    inner = normpath(subpath.strip("/") or ".")
    found = _below(root.at(inner)) if inner != "." else _whole(root, built)
    paths = tuple(service.path for service in found.services)
    services = tuple(
        _named(
            complete(
                root, service, built, tuple(path for path in paths if path != service.path), alone=len(paths) == 1
            ),
            name,
        )
        for service in found.services
    )
    workspace = found.workspace
    dockerfiles = application_dockerfiles(root)
    return RepositoryFacts(
        name=name,
        deployable=bool(services),
        primary=_primary(services, _started(root)) or found.rest,
        services=services,
        monorepo=_monorepo(root, services),
        workspace=workspace,
        dockerfiles=dockerfiles,
        ignore_files=tuple(path for path in root.below if path.rpartition("/")[2] == ".dockerignore"),
        ci_files=ci_files(root),
        managed_files=managed,
        managed_hashes=managed_hashes(Folder(tree)),
        chosen_target=chosen_target(Folder(tree)),
        name_from=name_from,
        default_branch=kept_branch(Folder(tree)),
        reasons=() if services else reasons(root.at(inner), found.rest, built),
        file_count=len(seen.paths),
        truncated=tree.truncated,
    )


def _read(folder: Folder) -> ServiceFacts | None:
    """Read a folder; one whose own image starts a program is a service even where no entry point was recognised."""
    facts = candidates.read(folder, LANGUAGES)
    if facts is None or facts.kind != "library" or facts.has("mobile-app") or not folder.has("Dockerfile"):
        return facts
    final = parse(folder, "Dockerfile").final
    start = final.start() if final is not None else None
    if final is None or start is None or is_for_developers(start[0]):
        return facts
    return replace(facts, kind="web" if final.port() else "worker")


def _below(folder: Folder) -> _Found:
    facts = _read(folder)
    if facts is not None and candidates.deployable(facts):
        return _Found((facts,))
    if facts is None and folder.has("Dockerfile"):
        return _Found((_container(folder),))
    return _Found((), rest=facts)


def _whole(root: Folder, built: tuple[Built, ...]) -> _Found:
    own = _read(root)
    listed = candidates.find(root, LANGUAGES)
    nested = _nested(root, listed, built)
    if own is not None and own.ecosystem == "node" and patterns_of(root):
        return _workspace(root, own, nested)
    if own is None or not candidates.deployable(own):
        return _without_root(root, own, nested)
    return _with_root(root, own, nested, built)


def _without_root(root: Folder, own: ServiceFacts | None, nested: tuple[ServiceFacts, ...]) -> _Found:
    """Take what lies below a root that is no service, or an image or page nobody's manifest describes."""
    if nested:
        return _Found(nested, workspace=own)
    if own is None and any("/" not in path for path in application_dockerfiles(root)):
        return _Found((_container(root),))
    images = _images(root) if own is None else ()
    if images:
        return _Found(images)
    page = _page(root) if own is None else None
    return _Found((page,)) if page is not None else _Found((), rest=own)


def _with_root(root: Folder, own: ServiceFacts, nested: tuple[ServiceFacts, ...], built: tuple[Built, ...]) -> _Found:
    """Decide whether a root with a program is the service, or only holds the services together."""
    modules = tuple(each for each in nested if each.ecosystem == own.ecosystem and own.ecosystem != "node")
    apart = tuple(each for each in nested if each not in modules)
    imaged = tuple(each for each in modules if _imaged(each, built) or root.has(f"{each.path}/Dockerfile"))
    running = tuple(each for each in modules if each.kind == "web" or each in imaged)
    if len(running) > 1 and (_only_holds(own, root) or (len(imaged) > 1 and not root.has("Dockerfile"))):
        return _Found((*running, *apart), workspace=own)
    if apart and own.ecosystem == "node" and own.framework is None and _orchestrates(own, root):
        return _Found(apart, workspace=own)
    if own.kind == "static-site" and own.ecosystem == "static" and nested:
        return _Found(nested)
    return _Found((own, *apart))


def _nested(root: Folder, listed: Candidates, built: tuple[Built, ...]) -> tuple[ServiceFacts, ...]:
    """Return deployable folders below the root, leaving out parts of another one of the same ecosystem."""
    kept: list[ServiceFacts] = []
    for path in listed.paths:
        facts = _read(root.at(path))
        if facts is None or not candidates.deployable(facts):
            continue
        if facts.kind == "cli" and not _imaged(facts, built) and not root.has(f"{path}/Dockerfile"):
            inside = any(
                root.has(name)
                for name in ("package.json", "pyproject.toml", "go.mod", "go.work", "pom.xml", "Cargo.toml")
            )
            if inside or not _stands_alone(root, path):
                continue
        part = any(path.startswith(f"{each.path}/") and each.ecosystem == facts.ecosystem for each in kept)
        part = part or (facts.kind == "static-site" and _built_by_server(root, path))
        if part and not root.has(f"{path}/Dockerfile"):
            continue
        kept.append(facts)
    return tuple(kept)


def _built_by_server(root: Folder, path: str) -> bool:
    """Tell a page that its server's own build makes: assets of Phoenix, a front end that Maven or Gradle drives."""
    for place in root.at(path).parents:
        if "mix.exs" in place.names and root.at(path).name == "assets":
            return True
        for name in ("pom.xml", "build.gradle", "build.gradle.kts"):
            if name in place.names and _DRIVES_NODE.search(place.text(name) or ""):
                return True
    return False


def _stands_alone(root: Folder, path: str) -> bool:
    """Tell a repository's only program, in its only top folder, from a tool deep inside."""
    tops = {each.partition("/")[0] for each in root.below if "/" in each and not each.startswith(".")}
    return "/" not in path and len(tops) <= 2  # noqa: PLR2004 -- the program and one folder beside it


def _imaged(facts: ServiceFacts, built: tuple[Built, ...]) -> bool:
    return any(each.context == facts.path for each in built)


def _workspace(root: Folder, own: ServiceFacts, nested: tuple[ServiceFacts, ...]) -> _Found:
    patterns = patterns_of(root)
    services = []
    for each in nested:
        if each.ecosystem == "node" and is_member(each.path, patterns):
            mark = Fact("workspace-member", Source("package.json", None, "workspaces"))
            each = replace(each, traits=(*each.traits, mark))  # noqa: PLW2901 -- the same service with one mark more
        services.append(each)
    vague = own.start_command is None or own.start_command.basis is not Basis.FILE
    same = own.framework is not None and any(
        each.framework is not None and each.framework.value == own.framework.value for each in services
    )
    if services and (own.framework is None or (vague and same)):
        return _Found(tuple(services), workspace=own)
    if candidates.deployable(own):
        return _Found((own, *services))
    return _Found(tuple(services), workspace=own, rest=own)


def _only_holds(own: ServiceFacts, root: Folder) -> bool:
    """Whether the root of a multi-module build has no program of its own."""
    sources = ("src/main", "main.go", "cmd/", "src/main.rs", "Program.cs")
    return own.start_command is None or not any(path.startswith(sources) for path in root.below)


def _orchestrates(own: ServiceFacts, root: Folder) -> bool:
    """Whether a root package.json only starts what lies in folders below."""
    document = root.json("package.json")
    script = str(document.get("scripts", "start") or "") if document else ""
    return own.start_command is None or bool(re.search(r"\bcd \w|--prefix|\bconcurrently\b|-C \w|docker", script))


def _images(root: Folder) -> tuple[ServiceFacts, ...]:
    """Return the folders with an image of their own, where no manifest tells of any service."""
    places = {path.rpartition("/")[0] for path in application_dockerfiles(root) if not candidates.is_aside(path)}
    found: list[ServiceFacts] = []
    for path in sorted(places - {""}):
        folder = root.at(path)
        facts = candidates.read(folder, LANGUAGES, every=True)
        if facts is not None and candidates.deployable(facts):
            found.append(facts)
    return tuple(found)


def _container(folder: Folder) -> ServiceFacts:
    return ServiceFacts(path=folder.path, name=folder.name, kind="web", ecosystem="none", gaps=tuple(folder.gaps))


def _page(root: Folder) -> ServiceFacts | None:
    """Return a static site in the only folder that has an index.html."""
    pages = [path for path in root.files("index.html") if path.count("/") == 1 and not candidates.is_aside(path)]
    if len(pages) != 1:
        return None
    return candidates.read(root.at(pages[0].rpartition("/")[0]), LANGUAGES)


def _named(facts: ServiceFacts, repository: str) -> ServiceFacts:
    """Call a nested service like its folder, the root's like its manifest says or like the repository."""
    label = facts.name.strip()
    if facts.path != ".":
        parts = [part for part in facts.path.split("/") if part not in {"src", "cmd", "app"}]
        label = parts[-1] if parts else facts.path.rpartition("/")[2]
    return replace(facts, name=label or repository)


def _started(root: Folder) -> frozenset[str]:
    """Return the words of the root's start script: in a workspace they name the member it starts."""
    manifest = root.json("package.json")
    script = manifest.get("scripts", "start") if manifest else None
    return frozenset(re.findall(r"[\w@.-]+", script)) if isinstance(script, str) else frozenset()


def _primary(services: tuple[ServiceFacts, ...], started: frozenset[str]) -> ServiceFacts | None:
    """Return the main service: what the root starts, then servers before sites before programs, then by name."""

    def rank(service: ServiceFacts) -> tuple[int, int, int, str]:
        order = {"web": 0, "worker": 1, "static-site": 2, "cli": 3}.get(service.kind, 4)
        label = service.path.rpartition("/")[2]
        named = _MAIN_NAMES.index(label) if label in _MAIN_NAMES else len(_MAIN_NAMES)
        first = service.path == "." or label in started
        return (0 if first and service.kind != "cli" else 1, order, named, service.path)

    return min(services, key=rank) if services else None


def _monorepo(root: Folder, services: tuple[ServiceFacts, ...]) -> str | None:
    workspace = workspace_of(root)
    if workspace is not None:
        return workspace.value
    project, cargo = root.toml("pyproject.toml"), root.toml("Cargo.toml")
    settings = root.text("settings.gradle") or root.text("settings.gradle.kts") or ""
    marks = (
        ("uv-workspace", project is not None and project.get("tool", "uv", "workspace") is not None),
        ("go-workspace", root.has("go.work")),
        ("cargo-workspace", cargo is not None and cargo.get("workspace") is not None),
        ("gradle-multi", len(services) > 1 and re.search(r"^\s*include\b", settings, re.MULTILINE) is not None),
        ("maven-multi", "<modules>" in (root.text("pom.xml") or "")),
        ("folders", len(services) > 1),
    )
    return next((name for name, present in marks if present), None)
