"""Python: pip, poetry, uv, pipenv, pdm, conda, setup files; Django to Streamlit, workers and scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.python_app import framework_of, program_files
from penstock.detection.python_checks import build_of, lint_of, test_of
from penstock.detection.python_manifest import Manifest, manifest_of
from penstock.detection.python_marks import marks_of
from penstock.detection.python_program import WORKERS, port_of, start_of
from penstock.detection.python_tools import manager_of, version_of
from penstock.detection.task_files import process
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_OTHERS = re.compile(
    r"^(package\.json|go\.mod|pom\.xml|build\.gradle(\.kts)?|Cargo\.toml|Gemfile|composer\.json|mix\.exs|build\.sbt|.*\.(csproj|sln))$"
)
_ALONE = ("main.py", "app.py", "bot.py", "server.py", "run.py", "worker.py", "index.py")
_MANIFESTS = (
    "pyproject.toml",
    "requirements.txt",
    "Pipfile",
    "setup.py",
    "setup.cfg",
    "environment.yml",
    "environment.yaml",
    "manage.py",
)


class Python:
    """Reads Python's manifests and what stands around them."""

    ecosystem = "python"
    manifests = _MANIFESTS

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Python folder, None when it is none or its manifest only configures tools."""
        where = _manifest_name(folder)
        if where is None:
            return None
        manifest = manifest_of(folder)
        files = program_files(folder)
        if _only_tools(folder, manifest, where, files):
            return None
        manager = manager_of(folder, manifest)
        version, version_kind = version_of(folder, manifest)
        framework = framework_of(folder, manifest, files)
        name = framework.value if framework else None
        start = start_of(folder, manifest, name, files)
        kind = _kind(folder, manifest, name, start)
        port, variable = port_of(folder, name, start, files) if kind == "web" else (None, None)
        test, lint = test_of(folder, manifest, manager.runner), lint_of(folder, manifest, manager.runner)
        return ServiceFacts(
            path=folder.path,
            name=_name(folder, manifest),
            kind=kind,
            ecosystem="python",
            language=folder.fact("python", where),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=manager.fact,
            lockfile=manager.lockfile,
            framework=framework,
            install_command=manager.install,
            build_command=build_of(folder, manifest, name),
            test_command=test,
            lint_command=lint,
            start_command=start,
            port=port,
            port_env=variable,
            traits=(*_fixed(port, variable), *marks_of(folder, manifest, (manager.install, test, lint))),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Python()


def _manifest_name(folder: Folder) -> str | None:
    found = next((name for name in _MANIFESTS if name in folder.names), None)
    found = found or next((name for name in folder.files("requirements/*.txt")), None)
    found = found or next(
        (
            name
            for name in sorted(folder.names)
            if re.fullmatch(r"requirements[\w.-]*\.(txt|in)|[\w.-]*requirements\.txt", name)
        ),
        None,
    )
    if found is not None:
        return found
    if any(_OTHERS.match(name) for name in folder.names):
        return None
    return next((name for name in _ALONE if name in folder.names), None)


def _only_tools(folder: Folder, manifest: Manifest, where: str, files: list[str]) -> bool:
    """Whether the manifest merely brings tools (linters, documentation) into a repository of something else."""
    if not files:
        return True
    if where != "pyproject.toml" or any(name in folder.names for name in _MANIFESTS[1:]):
        own = [name for name in files if "/" not in name or folder.path != "."]
        return bool(manifest.packages) and not own and any(_OTHERS.match(name) for name in folder.names)
    described = manifest.setting("project", "name") or manifest.setting("tool", "poetry", "name")
    return not described and not any(name in folder.names for name in _ALONE)


def _name(folder: Folder, manifest: Manifest) -> str:
    for path in (("project", "name"), ("tool", "poetry", "name")):
        name = manifest.setting(*path)
        if isinstance(name, str) and name:
            return name
    return folder.name


def _kind(folder: Folder, manifest: Manifest, framework: str | None, start: Fact[str] | None) -> str:
    if framework in {"locust", "celery"}:
        return "worker"
    if framework is not None:
        return "web"
    if start is None:
        return "library"
    if process(folder, "web") is not None:
        return "web"
    waits = manifest.runs(*WORKERS) or process(folder, "worker") is not None
    return "worker" if waits or re.search(r"\b(bot|worker|consumer)\.py$", start.value) else "cli"


def _fixed(port: Fact[int] | None, variable: str | None) -> tuple[Fact[str], ...]:
    fixed = port is not None and variable is None and port.basis is Basis.FILE
    return (Fact("fixed-port", port.source),) if fixed and port else ()
