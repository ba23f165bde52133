"""What compose and skaffold files say about images built from folders of the repository."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from posixpath import normpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$")
_SKAFFOLD = re.compile(r"(^|/)skaffold[\w.-]*\.ya?ml$")


@dataclass(frozen=True, slots=True)
class Built:
    """One image that a file of the repository builds."""

    name: str
    context: str
    """Folder relative to the root."""
    dockerfile: str
    """Path relative to the root."""
    file: str
    line: int
    command: str | None = None
    port: int | None = None


def built_images(root: Folder) -> tuple[Built, ...]:
    """Return every image the compose and skaffold files build, the plainest file names first."""
    files = sorted(
        (path for path in root.below if _COMPOSE.search(path)), key=lambda path: (path.count("/"), len(path), path)
    )
    found = [built for path in files[:20] for built in _composed(root, path)]
    overlays = {built.name: built for built in found if built.command}
    merged = [
        built
        if built.command or built.name not in overlays or not built.context
        else _with_command(built, overlays[built.name])
        for built in found
        if built.context
    ]
    for path in [path for path in root.below if _SKAFFOLD.search(path)][:10]:
        merged += _skaffolded(root, path)
    return tuple(merged)


def _with_command(built: Built, overlay: Built) -> Built:
    return Built(built.name, built.context, built.dockerfile, overlay.file, overlay.line, overlay.command, built.port)


def _composed(root: Folder, path: str) -> list[Built]:
    document = root.yaml(path)
    services = document.value.get("services") if document and isinstance(document.value, dict) else None
    if document is None or not isinstance(services, dict):
        return []
    here = path.rpartition("/")[0] or "."
    found: list[Built] = []
    for name, service in services.items():
        if not isinstance(service, dict):
            continue
        build = service.get("build")
        line = document.position(f"/services/{str(name).replace('~', '~0').replace('/', '~1')}")[0]
        command = (
            _words(service.get("command")) if not re.search(r"\b(dev|development|override|test|ci)\b", path) else None
        )
        if build is None:
            if command:
                found.append(Built(str(name), "", "", path, line, command))
            continue
        context = build if isinstance(build, str) else build.get("context", ".") if isinstance(build, dict) else "."
        dockerfile = build.get("dockerfile", "Dockerfile") if isinstance(build, dict) else "Dockerfile"
        folder = _inside(here, str(context))
        if folder is not None and isinstance(dockerfile, str):
            found.append(
                Built(
                    str(name),
                    folder,
                    _inside(folder, dockerfile) or "",
                    path,
                    line,
                    command,
                    _port(service.get("ports")),
                )
            )
    return found


def _skaffolded(root: Folder, path: str) -> list[Built]:
    document = root.yaml(path)
    artifacts = document.value.get("build") if document and isinstance(document.value, dict) else None
    artifacts = artifacts.get("artifacts") if isinstance(artifacts, dict) else None
    found: list[Built] = []
    for index, artifact in enumerate(artifacts if isinstance(artifacts, list) else []):
        if not isinstance(artifact, dict) or document is None:
            continue
        context = _inside(path.rpartition("/")[0] or ".", str(artifact.get("context", ".")))
        docker = artifact.get("docker")
        name = docker.get("dockerfile", "Dockerfile") if isinstance(docker, dict) else "Dockerfile"
        if context is not None:
            line = document.position(f"/build/artifacts/{index}")[0]
            found.append(Built(str(artifact.get("image")), context, _inside(context, str(name)) or "", path, line))
    return found


def _inside(folder: str, relative: str) -> str | None:
    """Return a path joined and cleaned, None when it leaves the repository or holds a variable."""
    if "$" in relative or "://" in relative or relative.startswith("/"):
        return None
    joined = normpath(f"{folder}/{relative}")
    return None if joined.startswith("..") else joined


def _words(command: Any) -> str | None:
    if isinstance(command, list):
        return shlex.join(str(word) for word in command)
    return command.strip() if isinstance(command, str) and command.strip() else None


def _port(ports: Any) -> int | None:
    for each in ports if isinstance(ports, list) else []:
        target = str(each.get("target") if isinstance(each, dict) else str(each).rpartition(":")[2].partition("/")[0])
        if re.fullmatch(r"[0-9]{1,5}", target) and 0 < int(target) < 65536:  # noqa: PLR2004 -- ports are 16 bits
            return int(target)
    return None
