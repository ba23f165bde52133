"""Which tool manages a Python project, and which Python it demands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.detection.python_manifest import (
    Manifest,
    conda_file,
    conda_packages,
    requirements_file,
    table,
    texts,
)
from penstock.detection.searching import first, hit_fact
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_RUNNERS = {"uv": "uv run ", "poetry": "poetry run ", "pipenv": "pipenv run ", "pdm": "pdm run "}
_LOCKS = (
    ("uv.lock", "uv"),
    ("poetry.lock", "poetry"),
    ("pdm.lock", "pdm"),
    ("Pipfile.lock", "pipenv"),
    ("conda-lock.yml", "conda"),
)
_GROUP = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Manager:
    """The tool that installs the project's packages."""

    name: str | None
    fact: Fact[str] | None = None
    lockfile: Fact[str] | None = None
    install: Fact[str] | None = None

    @property
    def runner(self) -> str:
        """What goes before a command so that it sees the installed packages; empty for pip and conda."""
        return _RUNNERS.get(self.name or "", "")


def manager_of(folder: Folder, manifest: Manifest) -> Manager:
    """Return the tool the lock file, the settings or the manifest name."""
    for place in (folder, *folder.parents):
        for lock, name in _LOCKS:
            if lock in place.names and (place is folder or (name == "uv" and _in_workspace(place, folder))):
                fact = place.fact(name, lock)
                command = _install(name, locked=True, workspace=place is not folder) + _tests(name, manifest)
                install = place.fact(command, lock, basis=Basis.CONVENTION)
                return Manager(name, fact, place.fact(place.full(lock), lock), install)
    named = _named(folder, manifest)
    if named is None:
        return Manager(None)
    name, where, line = named
    command = _plain_install(folder, name, where, manifest)
    return Manager(
        name, folder.fact(name, where, line), None, folder.fact(command, where, line, basis=Basis.CONVENTION)
    )


def _in_workspace(place: Folder, folder: Folder) -> bool:
    """Whether the folder belongs to the uv workspace of a folder above."""
    document = place.toml("pyproject.toml")
    members = document.get("tool", "uv", "workspace", "members") if document else None
    prefix = "" if place.path == "." else f"{place.path}/"
    inner = folder.path.removeprefix(prefix)
    listed = [str(each).removeprefix("./").rstrip("/") for each in members] if isinstance(members, list) else []
    return any(each == inner or (each.endswith("/*") and inner.rpartition("/")[0] == each[:-2]) for each in listed)


def _named(folder: Folder, manifest: Manifest) -> tuple[str, str, int | None] | None:
    project = manifest.project
    if project is not None:
        for tool in ("uv", "poetry", "pdm"):
            if manifest.setting("tool", tool) is not None and not (tool == "poetry" and _configures_only(manifest)):
                return tool, "pyproject.toml", project.line("tool", tool)
        backend = str(manifest.setting("build-system", "build-backend") or "")
        for mark in ("poetry", "pdm", "uv"):
            if backend.startswith(mark) and requirements_file(folder) is None:
                return mark, "pyproject.toml", project.line("build-system", "build-backend")
    if "Pipfile" in folder.names:
        return "pipenv", "Pipfile", None
    listed = requirements_file(folder)
    conda = conda_file(folder)
    if conda is not None and listed is None:
        return "conda", conda, None
    manifests = (listed, "pyproject.toml", "setup.py", "setup.cfg")
    name = next((each for each in manifests if each and folder.has(each)), None)
    return ("pip", name, None) if name else None


def _configures_only(manifest: Manifest) -> bool:
    return not table(manifest.setting("tool", "poetry", "dependencies")) and not manifest.setting(
        "tool", "poetry", "name"
    )


def _install(name: str, *, locked: bool, workspace: bool = False) -> str:
    if name == "uv":
        return f"uv sync{' --frozen' if locked else ''}{' --all-packages' if workspace else ''}"
    commands = {
        "poetry": "poetry install --no-interaction",
        "pdm": "pdm install --frozen-lockfile" if locked else "pdm install",
        "pipenv": "pipenv install --deploy --dev" if locked else "pipenv install --dev",
        "conda": "conda-lock install --name app",
    }
    return commands.get(name, "pip install .")


def _tests(name: str, manifest: Manifest) -> str:
    """Return what an install needs so that the test runner comes along, where it is in a group of its own."""
    extra = _with_pytest(manifest, "project", "optional-dependencies")
    group = _with_pytest(manifest, "dependency-groups")
    if group is not None:
        return f" --group {group}" if name == "pip" or (name == "uv" and group != "dev") else ""
    flags = {"uv": " --extra ", "poetry": " --extras ", "pdm": " -G "}
    return f"{flags[name]}{extra}" if extra is not None and name in flags else ""


def _with_pytest(manifest: Manifest, *path: str) -> str | None:
    """Return the first of the groups that demands pytest, if its name is one."""
    for group, demands in table(manifest.setting(*path)).items():
        if _GROUP.fullmatch(str(group)) and any(re.match(r"pytest\b", demand) for demand in texts(demands)):
            return str(group)
    return None


def _plain_install(folder: Folder, name: str, where: str, manifest: Manifest) -> str:
    if name == "conda":
        return f"conda env update --name base --file {where}"
    if name == "pip" and where.endswith((".txt", ".in")):
        extra = next(
            (
                each
                for each in (
                    "requirements-dev.txt",
                    "requirements/dev.txt",
                    "dev-requirements.txt",
                    "requirements-test.txt",
                    "requirements/test.txt",
                    "requirements_dev.txt",
                )
                if folder.has(each)
            ),
            None,
        )
        return f"pip install -r {where}" + (f" -r {extra}" if extra and extra != where else "")
    extra = _with_pytest(manifest, "project", "optional-dependencies") if name == "pip" else None
    if extra is not None:
        return f"pip install '.[{extra}]'"
    return _install(name, locked=False) + _tests(name, manifest)


def version_of(folder: Folder, manifest: Manifest) -> tuple[Fact[str] | None, str | None]:
    """Return the Python the project demands and how: a pin goes before a range, the folder before those above."""
    for place in (folder, *folder.parents):
        pinned = _pinned(place)
        if pinned is not None:
            return pinned, "pin"
    return _demanded(folder, manifest)


def _pinned(folder: Folder) -> Fact[str] | None:
    for number, line in enumerate(folder.lines(".python-version"), 1):
        match = re.match(r"\s*(?:cpython[-@]|python-)?(\d+(?:\.\d+)*\S*)", line)
        if match:
            return folder.fact(match[1], ".python-version", number)
    hit = first(folder, ("runtime.txt",), re.compile(r"^\s*python-(\d+(?:\.\d+)*)", re.MULTILINE))
    if hit is not None:
        return hit_fact(folder, hit, hit.match[1])
    document = folder.toml("Pipfile")
    for key in ("python_full_version", "python_version"):
        value = document.get("requires", key) if document else None
        if document is not None and isinstance(value, str) and value[:1].isdigit():
            return folder.fact(value, "Pipfile", document.line("requires", key), key)
    return tool_version(folder, "python")


def _demanded(folder: Folder, manifest: Manifest) -> tuple[Fact[str] | None, str | None]:
    for path in (("project", "requires-python"), ("tool", "poetry", "dependencies", "python")):
        value: Any = manifest.setting(*path)
        value = value.get("version") if isinstance(value, dict) else value
        if manifest.project is not None and isinstance(value, str) and re.search(r"\d", value):
            fact = folder.fact(value, "pyproject.toml", manifest.project.line(*path), ".".join(path))
            return fact, "pin" if re.match(r"(==\s*)?\d+\.\d+(\.\d+)?$", value) else "range"
    for demand, line in conda_packages(folder):
        match = re.match(r"python\s*={1,2}\s*(\d[\d.]*)|python\s*([<>~!].*)", demand)
        if match:
            fact = folder.fact((match[1] or match[2]).strip("."), conda_file(folder) or "", line, demand)
            return fact, "pin" if match[1] else "range"
    hit = first(folder, ("setup.cfg", "setup.py"), re.compile(r"python_requires\s*=\s*['\"]?([^'\"\n]*\d[^'\"\n]*)"))
    if hit is not None:
        return hit_fact(folder, hit, hit.match[1].strip()), "range"
    for place in folder.parents:
        above = place.toml("pyproject.toml")
        value = above.get("project", "requires-python") if above else None
        if above is not None and isinstance(value, str) and value:
            return place.fact(value, "pyproject.toml", above.line("project", "requires-python")), "range"
    return None, None
