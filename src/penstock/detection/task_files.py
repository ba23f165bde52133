"""Makefile, justfile, Taskfile, Procfile, app.json and scripts/: commands a project wrote down for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from penstock.domain.facts import Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAKEFILES = ("GNUmakefile", "Makefile", "makefile")
JUSTFILES = ("justfile", "Justfile", ".justfile")
TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "Taskfile.dist.yml")
MAX_DEPTH = 5
"""How far a target's prerequisites are followed."""
_TARGET = re.compile(r"^(?P<names>[A-Za-z0-9_./ -]+?)\s*::?(?!=)\s*(?P<needs>[^#;=]*)(?:;(?P<inline>.*))?(?:#.*)?$")
_RECIPE = re.compile(r"^@?(?P<name>[A-Za-z_][\w-]*)(?P<parameters>(?:\s[^:=]*)?):(?!=)(?P<needs>.*)$")
_OUTSIDE = re.compile(
    r"\bdocker(-compose)?\b|\bpodman\b|\bnerdctl\b|\bkubectl\b|\bhelm\b|\bminikube\b|\bkind create\b|\bskaffold\b"
    r"|\bvagrant\b"
    r"|\bssh\b|\bgcloud\b|\baws\b|\bterraform\b|\bheroku\b|\$\(DOCKER\w*\)|\$\(COMPOSE\w*\)|\$\{?(DOCKER|COMPOSE)\w*"
)
"""What a build step cannot count on: container engines, clusters, clouds."""
DEBUGS = re.compile(r"-m (ptvsd|debugpy|pdb|pydevd)\b|\bnode(mon)? (\S+ )*--inspect|\bdlv\b|-agentlib:jdwp|\brdbg\b")
"""A debugger in front of the program: how its developers run it, not how it serves."""
_MAX_TARGETS = 300
_EMPTY = re.compile(r"^[@\-\s]*(echo\b.*|true|:|exit \d+|printf\b.*)?$")
_WATCHES = re.compile(r"(^|\s)--watch\b|\bptw\b|\bpytest-watch\b|\bnodemon\b|\bair\b|\bcargo watch\b")


@dataclass(frozen=True, slots=True)
class _Target:
    line: int
    needs: tuple[str, ...]
    recipe: tuple[str, ...]
    parameters: bool = False


def task(folder: Folder, *names: str) -> Fact[str] | None:
    """Return the command of the first of the tasks that exists, does something and needs nothing from outside."""
    for files, read, program in _READERS:
        name = next((each for each in files if each in folder.names), None)
        targets = read(folder, name) if name is not None else {}
        for wanted in names:
            if name is not None and wanted in targets and _self_contained(targets, wanted):
                return folder.fact(f"{program} {wanted}", name, targets[wanted].line, wanted)
    return None


def written_tasks(folder: Folder) -> Iterator[tuple[str, str, str, int]]:
    """Yield program, name, file and line of each task that does something and needs nothing from outside."""
    for files, read, program in _READERS:
        name = next((each for each in files if each in folder.names), None)
        targets = read(folder, name) if name is not None else {}
        for wanted, target in islice(targets.items(), _MAX_TARGETS):
            if name is not None and not set(wanted) & set("./%") and _self_contained(targets, wanted):
                yield program, wanted, name, target.line


def needs_outside(command: str) -> bool:
    """Whether a command needs what a build step cannot count on: a container engine, a cluster, a cloud."""
    return _OUTSIDE.search(command) is not None


def script(folder: Folder, *names: str, runner: str = "") -> Fact[str] | None:
    """Return the first shell script of scripts/ or bin/ that takes no arguments and needs nothing from outside."""
    for name in names:
        for path in (f"scripts/{name}.sh", f"scripts/{name}", f"script/{name}", f"bin/{name}.sh"):
            text = folder.text(path)
            if text is None or not text.startswith("#!"):
                continue
            body = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))
            if (
                not _OUTSIDE.search(body)
                and not re.search(r"\$\{?[1-9]\}?(?!\w)", body)
                and "python" not in text.split("\n")[0]
            ):
                return folder.fact(f"{runner}bash {path}", path, 1)
    return None


def process(folder: Folder, kind: str) -> Fact[str] | None:
    """Return the command a Procfile gives for a process type (web, worker); one for a debugger is none."""
    for number, line in enumerate(folder.lines("Procfile"), 1):
        match = re.match(r"\s*([\w-]+)\s*:\s*(\S.*)", line)
        if match and match[1] == kind and not DEBUGS.search(match[2]):
            return folder.fact(match[2].strip(), "Procfile", number, kind)
    return None


def heroku_test(folder: Folder) -> Fact[str] | None:
    """Return the test command of an app.json."""
    document = folder.json("app.json") if "app.json" in folder.names else None
    command = document.get("environments", "test", "scripts", "test") if document else None
    if document is None or not isinstance(command, str) or not command.strip():
        return None
    return folder.fact(
        command.strip(), "app.json", document.line("environments", "test", "scripts", "test"), "scripts.test"
    )


def _self_contained(targets: dict[str, _Target], name: str) -> bool:
    pending, seen, works = [(name, 0)], set(), False
    while pending:
        here, depth = pending.pop()
        if here in seen or here not in targets or depth > MAX_DEPTH:
            continue
        seen.add(here)
        target = targets[here]
        if target.parameters or any(_OUTSIDE.search(line) or _WATCHES.search(line) for line in target.recipe):
            return False
        works = works or any(not _EMPTY.match(line) for line in target.recipe)
        called = [
            word for line in target.recipe for word in re.findall(r"\b(?:\$\(MAKE\)|make|just|task) ([\w-]+)", line)
        ]
        called += [word for line in target.recipe for word in re.findall(r"\$\(MAKE\) ([\w-]+)", line)]
        works = works or any(each in targets and each not in seen for each in called)
        pending += [(each, depth + 1) for each in (*target.needs, *called)]
    return works


def _make_targets(folder: Folder, name: str) -> dict[str, _Target]:
    found: dict[str, _Target] = {}
    current: list[str] = []
    for number, line in enumerate(folder.lines(name), 1):
        if line.startswith("\t") or (current and line.startswith("  ")):
            for each in current:
                known = found[each]
                found[each] = _Target(known.line, known.needs, (*known.recipe, line.strip().lstrip("@-")))
            continue
        match = _TARGET.match(line)
        if match is None:
            current = current if not line.strip() or line.startswith("#") else []
            continue
        current = match["names"].split()
        inline = (match["inline"].strip(),) if match["inline"] else ()
        for each in current:
            known = found.get(each, _Target(number, (), ()))
            found[each] = _Target(known.line, (*known.needs, *match["needs"].split()), (*known.recipe, *inline))
    return found


def _just_targets(folder: Folder, name: str) -> dict[str, _Target]:
    found: dict[str, _Target] = {}
    current = ""
    for number, line in enumerate(folder.lines(name), 1):
        if line[:1] in {" ", "\t"} and current:
            known = found[current]
            found[current] = _Target(
                known.line, known.needs, (*known.recipe, line.strip().lstrip("@-")), known.parameters
            )
            continue
        match = _RECIPE.match(line)
        if match is None:
            current = "" if line.strip() else current
            continue
        current = match["name"]
        required = any("=" not in word and not word.startswith("*") for word in match["parameters"].split())
        found[current] = _Target(number, tuple(match["needs"].split()), (), required)
    return found


def _task_targets(folder: Folder, name: str) -> dict[str, _Target]:
    document = folder.yaml(name)
    tasks = document.value.get("tasks") if document and isinstance(document.value, dict) else None
    found: dict[str, _Target] = {}
    for key, body in tasks.items() if isinstance(tasks, dict) else ():
        commands = body.get("cmds", body.get("cmd", [])) if isinstance(body, dict) else body
        commands = commands if isinstance(commands, list) else [commands]
        lines = tuple(str(each.get("cmd", "")) if isinstance(each, dict) else str(each) for each in commands if each)
        needs = [str(each["task"]) for each in commands if isinstance(each, dict) and "task" in each]
        listed = body.get("deps") if isinstance(body, dict) else None
        needs += (
            [str(each.get("task")) if isinstance(each, dict) else str(each) for each in listed or ()]
            if isinstance(listed, list)
            else []
        )
        line = document.position(f"/tasks/{key}")[0] if document else 1
        found[str(key)] = _Target(line, tuple(needs), lines)
    return found


_READERS = (
    (MAKEFILES, _make_targets, "make"),
    (JUSTFILES, _just_targets, "just"),
    (TASKFILES, _task_targets, "task"),
)
