"""Named tasks a person can run: what a project wrote down under a name, each as the command one types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from penstock.detection.node_frameworks import table
from penstock.detection.node_manager import manager_of
from penstock.detection.node_scripts import Scripts, watches
from penstock.detection.task_files import needs_outside, written_tasks
from penstock.domain.facts import Task

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_TASKS = 60
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,60}")
"""A name that needs no quoting and no thought: any other could smuggle words into a command."""
_BY_THEMSELVES = re.compile(r"(pre|post)[a-z]+|install|prepare|prepublishOnly|preversion|version|postversion")
"""Scripts that npm runs at its own moments."""
_TOX = re.compile(r"^\[testenv:([^\]\s]+)\]")
_NOX = re.compile(r"^@nox\.session\b(?:.*\bname\s*=\s*['\"]([^'\"]+)['\"])?")
_DEF = re.compile(r"^(?:async )?def (\w+)\(")
_MIX_ALIASES = re.compile(r"defp? aliases(?:\(\))? do\b")
_MIX_ALIAS = re.compile(r"^\s*\[?\s*(?:\"([\w.:-]+)\"|(\w+)):\s*[\[\"&]")
_MIX_LINES = 60
_RAKE = re.compile(r"^\s*task[ (]+:?['\"]?([\w:-]+)")


def tasks_of(folder: Folder) -> tuple[Task, ...]:
    """Return the tasks of a folder, each name and command once, in the order of their files."""
    found: dict[str, Task] = {}
    for name, command, file, line in _all(folder):
        if _NAME.fullmatch(name) and command not in found:
            found[command] = Task(name, command, folder.source(file, line, name))
        if len(found) == MAX_TASKS:
            break
    return tuple(found.values())


def _all(folder: Folder) -> Iterator[tuple[str, str, str, int | None]]:
    """Yield name, command, file and line."""
    yield from _of_package(folder)
    for program, name, file, line in written_tasks(folder):
        yield name, f"{program} {name}", file, line
    yield from _of_python(folder)
    yield from _of_tables(folder)
    yield from _of_mix(folder)
    for number, text in enumerate(folder.lines("Rakefile") if "Rakefile" in folder.names else (), 1):
        if match := _RAKE.match(text):
            yield match[1], f"bundle exec rake {match[1]}", "Rakefile", number


def _of_package(folder: Folder) -> Iterator[tuple[str, str, str, int | None]]:
    manifest = folder.json("package.json") if "package.json" in folder.names else None
    if manifest is None or not isinstance(manifest.value, dict):
        return
    manager = manager_of(folder, manifest)
    scripts = Scripts(folder, manifest, manager)
    for name in table(manifest, "scripts"):
        body = scripts.body(name)
        if body is None or _BY_THEMSELVES.fullmatch(name) or watches(body) or scripts.develops(body):
            continue
        if not needs_outside(body):
            yield name, manager.run(name), "package.json", scripts.line(name)


def _of_python(folder: Folder) -> Iterator[tuple[str, str, str, int | None]]:
    for number, line in enumerate(folder.lines("tox.ini") if "tox.ini" in folder.names else (), 1):
        if match := _TOX.match(line):
            yield match[1], f"tox -e {match[1]}", "tox.ini", number
    named: str | None = None
    waiting = False
    for number, line in enumerate(folder.lines("noxfile.py") if "noxfile.py" in folder.names else (), 1):
        if match := _NOX.match(line):
            named, waiting = match[1], True
        elif waiting and (match := _DEF.match(line)):
            yield named or match[1], f"nox -s {named or match[1]}", "noxfile.py", number
            waiting = False


def _of_tables(folder: Folder) -> Iterator[tuple[str, str, str, int | None]]:
    """Read tables of tasks: pyproject.toml (poe, pdm), composer.json, deno.json."""
    project = folder.toml("pyproject.toml") if "pyproject.toml" in folder.names else None
    for path, program in ((("tool", "poe", "tasks"), "poe"), (("tool", "pdm", "scripts"), "pdm run")):
        tasks = project.get(*path) if project is not None else None
        for name in tasks if isinstance(tasks, dict) and project is not None else ():
            yield name, f"{program} {name}", "pyproject.toml", project.line(*path, name) if project else None
    for file, key, program in (
        ("composer.json", "scripts", "composer run"),
        ("deno.json", "tasks", "deno task"),
        ("deno.jsonc", "tasks", "deno task"),
    ):
        document = folder.json(file) if file in folder.names else None
        if document is None or not isinstance(document.value, dict):
            continue
        for name, body in table(document, key).items():
            does = " ".join(map(str, body)) if isinstance(body, list) else str(body)
            if not (file == "composer.json" and re.match(r"(pre|post)-", name)) and not needs_outside(does):
                yield name, f"{program} {name}", file, document.line(key, name)


def _of_mix(folder: Folder) -> Iterator[tuple[str, str, str, int | None]]:
    inside = 0
    for number, line in enumerate(folder.lines("mix.exs") if "mix.exs" in folder.names else (), 1):
        if _MIX_ALIASES.search(line):
            inside = number
        elif inside and (line.strip() == "end" or number - inside > _MIX_LINES):
            return
        elif inside and (match := _MIX_ALIAS.match(line)):
            name = match[1] or match[2]
            yield name, f"mix {name}", "mix.exs", number
