"""Marks of a Python project that decide how its packages are installed and what has to be there to build them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.python_manifest import Manifest, requirements_file
from penstock.domain.facts import Basis, Fact, Source

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_COMPILED = (
    ("psycopg2", "compiles-libpq"),
    ("mysqlclient", "compiles-mysqlclient"),
    ("uwsgi", "compiles-uwsgi"),
)
_TOOLS = ("pytest", "tox", "nox", "ruff", "flake8", "pylint", "mypy")
_RUNNERS = ("just", "task")
"""Programs that run a project's own tasks and are no packages of it."""
_REST = re.compile(r"^\s*(-r|--requirement|-c|--constraint|-e|--editable|\.{1,2}/|file:)", re.MULTILINE)


def marks_of(folder: Folder, manifest: Manifest, commands: tuple[Fact[str] | None, ...]) -> tuple[Fact[str], ...]:
    """Return the marks of packages, requirements files, layout and of the tools that ``commands`` need."""
    found = [Fact(mark, manifest.packages[package].source) for package, mark in _COMPILED if manifest.runs(package)]
    found += _requirements(folder, commands[0])
    layout = folder.files("src/*/__init__.py")
    if layout:
        found.append(folder.fact("src-layout", layout[0]))
    migrations = (*folder.files("*/migrations/0*.py"), *folder.files("migrations/*.py"))
    if migrations:
        found.append(folder.fact("migrations", migrations[0]))
    missing = _undeclared(manifest, commands[1:])
    return (*found, missing) if missing else tuple(found)


def _requirements(folder: Folder, install: Fact[str] | None) -> list[Fact[str]]:
    """Tell which requirements files hold hashes, and whether the program's one needs other files beside it."""
    main = requirements_file(folder)
    if main is None or install is None or not install.value.startswith("pip install -r "):
        return []
    found = []
    text = folder.text(main) or ""
    if _REST.search(text):
        found.append(folder.fact("nested-requirements", main))
    listed = [name for name in install.value.split() if _hashed(folder.text(name) or "")]
    if main in listed:
        found.append(folder.fact("hashed-requirements", main, detail=" ".join(listed)))
    return found


def _hashed(text: str) -> bool:
    lines = [line.strip() for line in text.replace("\\\n", " ").split("\n")]
    demands = [line for line in lines if line and not line.startswith(("#", "-"))]
    return bool(demands) and all("--hash=" in line for line in demands)


def _undeclared(manifest: Manifest, commands: tuple[Fact[str] | None, ...]) -> Fact[str] | None:
    """Name the tools that commands call and no manifest demands: somebody has to install them."""
    needed: dict[str, Fact[str]] = {}
    for command in filter(None, commands):
        words = command.value.split()
        called = [word for word in words if word in _TOOLS and not manifest.has(word)]
        for tool in [*called, *(word for word in words[:1] if word in _RUNNERS)]:
            needed.setdefault(tool, command)
    if not needed:
        return None
    place = next(iter(needed.values())).source
    return Fact("undeclared-tools", Source(place.path, place.line, " ".join(needed)), Basis.INFERRED)
