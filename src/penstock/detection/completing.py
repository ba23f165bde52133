"""What a language module leaves open: the service's Dockerfile and what that and compose files say about it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.detection.dockerfiles import Dockerfile, for_application, is_dockerfile, parse
from penstock.detection.environment import variables_of
from penstock.detection.health import grpc_health_of, health_path_of
from penstock.detection.task_files import DEBUGS
from penstock.detection.tasks import tasks_of
from penstock.detection.test_needs import needs_of_tests
from penstock.domain.facts import Basis, Fact, Gap, ServiceFacts, Source

if TYPE_CHECKING:
    from penstock.detection.compose import Built
    from penstock.detection.folder import Folder

_IMAGES: dict[str, tuple[str, ...]] = {
    "node": ("node", "bun"),
    "deno": ("deno",),
    "python": ("python", "uv"),
    "jvm": (
        "eclipse-temurin", "openjdk", "amazoncorretto", "maven", "gradle", "java", "zulu-openjdk",
        "ibm-semeru-runtimes", "sapmachine", "corretto",
    ),
    "go": ("golang", "go"),
    "dotnet": ("sdk", "aspnet", "runtime"),
    "ruby": ("ruby",),
    "php": ("php",),
    "rust": ("rust",),
    "elixir": ("elixir",),
}  # fmt: skip
"""Base images whose tag is the version of the runtime."""
_USUAL = (
    "Dockerfile", "Containerfile", "Dockerfile.prod", "Dockerfile.production", "dockerfile", "docker/Dockerfile",
    ".docker/Dockerfile", "deploy/Dockerfile", "build/Dockerfile", "build/package/Dockerfile", "docker/prod/Dockerfile",
    "docker/production/Dockerfile", "src/main/docker/Dockerfile", "src/main/docker/Dockerfile.jvm",
)  # fmt: skip
"""Where a service keeps its Dockerfile, the likeliest first."""
_TAGGED_OTHERWISE = frozenset({"maven", "gradle", "uv", "bun"})
_DEVELOPS = re.compile(
    r"\bnodemon\b|--watch\b|--reload\b|\bdev\b|\bstart:dev\b|\bserve$|^(sh|bash|/bin/(sh|bash))$|\bgo run\b|\b(yarn"
    r"|npm|pnpm|bun)( run)? serve\b"
    r"|\bair\b|\breflex\b|\bmvn\b|\bgradlew?\b|\bcargo (run|watch)\b|\bdotnet watch\b|spring-boot:run|^nginx\b"
    r"|^tail\b|^sleep\b"
)
_DEVELOPMENT_SERVER = re.compile(
    r"\bnodemon\b|--watch\b|--reload\b|\bstart:dev\b|\b(yarn|npm|pnpm|bun)( run)? (serve|dev)\b|\bgo run\b|\bair\b"
    r"|\breflex\b|\bdotnet watch\b|\bmanage\.py runserver\b|\breact-scripts start\b|\b(ng|vue-cli-service) serve\b"
    r"|\b(next|nuxt|vite|astro) dev\b|\bwebpack(-dev-server| serve)\b"
)
_OUTPUTS = frozenset({"target", "build", "dist", "out", "bin", "publish", "_build"})
"""Folders that builds write to."""
_MAX_SETS = 2_000
"""Characters of the names of variables that an image sets."""
_VERSION_IN_DIGEST = re.compile(r"^\d+(\.\d+)*$")


def complete(
    root: Folder, facts: ServiceFacts, built: tuple[Built, ...], others: tuple[str, ...], *, alone: bool
) -> ServiceFacts:
    """Add Dockerfile, fallbacks for version, start and port, environment variables and the list of what is missing."""
    folder = root.at(facts.path)
    mine = [each for each in built if each.context == facts.path or each.dockerfile.rpartition("/")[0] == facts.path]
    own = _own_dockerfile(root, facts, mine, alone=alone)
    if own is not None:
        docker = parse(root, own)
        facts = replace(facts, dockerfile=Fact(own, Source(own)))
        facts = _with_start(_with_version(facts, docker), docker)
        facts = _with_build(folder, _with_port(facts, docker), docker)
    facts = _with_compose(facts, mine)
    if own is not None:
        context = _context(root, facts, docker, built)
        facts = replace(facts, traits=(*facts.traits, *_image_marks(facts, docker), *((context,) if context else ())))
    below = tuple(path.removeprefix(f"{facts.path}/") if facts.path != "." else path for path in others)
    facts = replace(facts, env=variables_of(folder, below), tasks=tasks_of(folder))
    facts = replace(facts, traits=(*facts.traits, *needs_of_tests(folder, facts, below)))
    if facts.kind == "web" and facts.health_path is None:
        facts = replace(facts, health_path=health_path_of(folder, below))
    if facts.framework is not None and facts.framework.value == "grpc":
        health = grpc_health_of(folder, below)
        facts = replace(facts, traits=(*facts.traits, *((health,) if health else ())))
    return replace(facts, gaps=tuple(dict.fromkeys((*facts.gaps, *folder.gaps, *_missing(facts)))))


def is_for_developers(command: str) -> bool:
    """Whether a container's command is a shell, a watcher or a development server."""
    return bool(_DEVELOPS.search(command) or DEBUGS.search(command))


def _own_dockerfile(root: Folder, facts: ServiceFacts, mine: list[Built], *, alone: bool) -> str | None:
    prefix = "" if facts.path == "." else f"{facts.path}/"
    found = next((f"{prefix}{name}" for name in _USUAL if root.has(f"{prefix}{name}")), None)
    if found is not None:
        return found
    composed = next(
        (each.dockerfile for each in mine if root.has(each.dockerfile) and for_application(each.dockerfile)), None
    )
    if composed is not None:
        return composed
    label = facts.path.rpartition("/")[2] if facts.path != "." else facts.name
    for path in (
        f"Dockerfile.{label}",
        f"{label}.Dockerfile",
        f"docker/{label}/Dockerfile",
        f"docker/{label}.Dockerfile",
        f"docker/Dockerfile.{label}",
        f"build/{label}/Dockerfile",
    ):
        if root.has(path):
            return path
    within = (
        [path for path in root.at(facts.path).below if is_dockerfile(path) and for_application(f"{prefix}{path}")]
        if alone
        else []
    )
    return f"{prefix}{min(within, key=lambda path: (path.count('/'), path))}" if within else None


def _with_version(facts: ServiceFacts, docker: Dockerfile) -> ServiceFacts:
    if facts.runtime_version is not None and facts.runtime_kind != "alias":
        return facts
    images = tuple(name for name in _IMAGES.get(facts.ecosystem, ()) if name not in _TAGGED_OTHERWISE)
    if facts.package_manager and facts.package_manager.value == "bun":
        images = ("bun",)
    base = docker.base(images) or (docker.version_in_tag("python") if facts.ecosystem == "python" else None)
    if base is None or not _VERSION_IN_DIGEST.match(base[0]):
        return facts
    version = Fact(base[0], Source(docker.path, base[1], "FROM"), Basis.FILE)
    return replace(facts, runtime_version=version, runtime_kind="dockerfile")


def _with_start(facts: ServiceFacts, docker: Dockerfile) -> ServiceFacts:
    """Take the image's command before one that was only concluded, never before one in a manifest."""
    start = docker.shipped.start() if docker.shipped else None
    known = facts.start_command
    if start is None or facts.kind in {"static-site", "library"} or (known is not None and known.basis is Basis.FILE):
        return facts
    vague = start[0].endswith(".sh") or facts.ecosystem == "jvm"
    if is_for_developers(start[0]) or (known is not None and vague):
        return facts
    return replace(facts, start_command=Fact(start[0], Source(docker.path, start[1], "CMD")))


def _with_port(facts: ServiceFacts, docker: Dockerfile) -> ServiceFacts:
    final = docker.shipped
    if final is None or facts.kind == "cli":
        return facts
    variable = final.variable(facts.port_env) if facts.port_env else None
    exposed = final.port()
    if variable is not None and variable.isdecimal() and variable.isascii() and 0 < int(variable) < 65536:  # noqa: PLR2004 -- 16 bits
        return replace(facts, port=Fact(int(variable), Source(docker.path, None, f"ENV {facts.port_env}")))
    known = facts.port
    if exposed is not None and (known is None or known.basis is not Basis.FILE):
        return replace(facts, port=Fact(exposed[0], Source(docker.path, exposed[1], "EXPOSE")))
    if facts.ecosystem == "php" and re.search(r"(^|/)php:\S*-apache", final.lineage()[-1].image):
        return replace(facts, port=Fact(80, Source(docker.path, final.line, "the image's port"), Basis.INFERRED))
    if facts.kind == "static-site" and known is None and re.search(r"(^|/)nginx(:|$)", final.lineage()[-1].image):
        return replace(facts, port=Fact(80, Source(docker.path, final.line, "nginx's default"), Basis.INFERRED))
    return facts


def _with_build(folder: Folder, facts: ServiceFacts, docker: Dockerfile) -> ServiceFacts:
    """Mark an image that takes what a build makes before it: a folder of outputs that is not in the repository."""
    for stage in docker.stages:
        for path, line in stage.copied:
            top, slash, _ = path.removeprefix("./").partition("/")
            if slash and top in _OUTPUTS and not any(name.startswith(f"{top}/") for name in folder.below):
                mark = Fact("image-takes-build", Source(docker.path, line, path))
                return replace(facts, traits=(*facts.traits, mark))
    return facts


def _context(root: Folder, facts: ServiceFacts, docker: Dockerfile, built: tuple[Built, ...]) -> Fact[str] | None:
    """Mark the folder an image is built in: as a compose file says, else where the files it copies are."""
    stated = next((each for each in built if each.dockerfile == docker.path and each.context), None)
    if stated is not None:
        return Fact("image-context", Source(stated.file, stated.line, stated.context))
    beside = docker.path.rpartition("/")[0] or "."
    usual = facts.path if facts.path != "." and f"{beside}/".startswith(f"{facts.path}/") else "."
    copied = [(path.removeprefix("./").rstrip("/"), line) for stage in docker.stages for path, line in stage.copied]
    named = [(path, line) for path, line in copied if path not in {"", "."} and not set(path) & set("*?[$")]
    held = {each: sum(_holds(root.at(each), path) for path, _ in named) for each in (usual, ".", beside, facts.path)}
    best = max(held, key=lambda each: held[each])
    if held[best] == held[usual]:
        return None
    line = next(line for path, line in named if _holds(root.at(best), path) and not _holds(root.at(usual), path))
    return Fact("image-context", Source(docker.path, line, best), Basis.INFERRED)


def _holds(folder: Folder, path: str) -> bool:
    return folder.has(path) or any(name.startswith(f"{path}/") for name in folder.below)


def _image_marks(facts: ServiceFacts, docker: Dockerfile) -> tuple[Fact[str], ...]:
    """Mark what a build and a run of the image have to know: its base, the stage to take, what it starts."""
    stage = docker.shipped
    if stage is None:
        return ()
    found = [Fact("image-base", Source(docker.path, stage.lineage()[-1].line, stage.lineage()[-1].image))]
    if stage is not docker.final and stage.name:
        found.append(Fact("image-stage", Source(docker.path, stage.line, stage.name)))
    sets = sorted({name for each in stage.lineage() for name, value in each.environment.items() if value})
    if sets:
        found.append(Fact("image-sets", Source(docker.path, None, " ".join(sets)[:_MAX_SETS])))
    runs = stage.start()
    if runs is not None and _DEVELOPMENT_SERVER.search(runs[0]):
        found.append(Fact("image-develops", Source(docker.path, runs[1], runs[0])))
    if facts.start_command is not None and stage.without_program():
        found.append(Fact("image-without-command", Source(docker.path, stage.line, stage.image)))
    return tuple(found)


def _with_compose(facts: ServiceFacts, mine: list[Built]) -> ServiceFacts:
    changes: dict[str, Any] = {}
    for built in mine:
        if (
            built.command
            and facts.start_command is None
            and facts.kind in {"web", "worker", "cli"}
            and not _DEVELOPS.search(built.command)
        ):
            changes.setdefault(
                "start_command", Fact(built.command, Source(built.file, built.line, f"command of {built.name}"))
            )
        if built.port and facts.port is None and facts.kind == "web":
            changes.setdefault("port", Fact(built.port, Source(built.file, built.line, f"ports of {built.name}")))
    return replace(facts, **changes)


def _missing(facts: ServiceFacts) -> list[Gap]:
    """Say in words what a pipeline would want to know and nothing tells."""
    told = {gap.field for gap in facts.gaps}
    found: list[Gap] = []
    if facts.runtime_version is None and facts.ecosystem not in {"static", "none"}:
        found.append(Gap("runtime_version", "no version file, no demand in a manifest and no tagged base image"))
    if facts.start_command is None and facts.kind in {"web", "worker"}:
        found.append(Gap("start_command", "no start script, no entry file and no command in a Dockerfile"))
    if facts.port is None and facts.kind == "web":
        found.append(Gap("port", "neither code nor Dockerfile names a port"))
    if facts.test_command is None and facts.ecosystem not in {"static", "none"}:
        found.append(Gap("test_command", "no test command and no tests with a configured runner"))
    if (
        facts.lockfile is None
        and facts.package_manager is not None
        and facts.ecosystem in {"node", "rust", "ruby", "php", "go"}
    ):
        found.append(Gap("lockfile", "no lock file, so installs are not reproducible"))
    return [gap for gap in found if gap.field not in told]
