"""Tasks that a script calls by name and the repository does not have: ``npm run X``, ``yarn X``, ``make X``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from penstock.domain.facts import ServiceFacts
from penstock.generation.words import listed, shown

_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_RUN = frozenset({"run", "run-script"})
_SHORT = frozenset({"test", "start", "stop", "restart"})
"""Scripts that npm and bun call without ``run``."""
OF_RUNNERS = frozenset(
    {
        "add", "audit", "bin", "cache", "config", "create", "dedupe", "deploy", "dlx", "exec", "fetch", "help", "i",
        "import", "info", "init", "install", "link", "list", "node", "outdated", "pack", "patch", "plugin", "prune",
        "publish", "rebuild", "remove", "set", "store", "up", "update", "upgrade", "version", "versions", "why",
        "workspace", "workspaces",
    }
)  # fmt: skip
"""What yarn and pnpm do themselves; any other word is a script, or else a program of a package."""
_ELSEWHERE = ("-w", "--workspace", "--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-f", "--file", "--directory")
"""Flags after which another folder or file counts, which nobody looked into."""
_ENDS = re.compile(r"\|\||&&|[;|&\n]")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")


def unknown_tasks(place: str, script: str, services: Sequence[ServiceFacts]) -> Iterator[str]:
    """Yield a problem for each task that none of the services has. Nothing is said where no tasks are known."""
    known: dict[str, set[str]] = {}
    for service in services:
        for task in service.tasks:
            known.setdefault(_family(task.command.split(" ")[0]), set()).add(task.name)
    if not known:
        return
    for runner, name in _called(script):
        offered = known.get(_family(runner), set())
        if name not in offered:
            has = f"there are {listed(sorted(offered), 20)}" if offered else f"nothing in it is run by {runner}"
            yield f"{place}: the repository has no task {shown(name)} for {runner}; {has}."


def _family(runner: str) -> str:
    return "scripts" if runner in _RUNNERS else runner


def _called(script: str) -> Iterator[tuple[str, str]]:
    joined = script.replace("\\\n", " ")
    for command in _ENDS.split("\n".join(line for line in joined.split("\n") if not line.lstrip().startswith("#"))):
        try:
            words = shlex.split(command)
        except ValueError:
            continue
        while words and ("=" in words[0] or words[0] in {"exec", "time", "env", "if", "then", "!", "do", "else"}):
            words.pop(0)
        if not words or any(word.startswith(_ELSEWHERE) for word in words[1:]):
            continue
        yield from ((words[0], name) for name in _names(words[0], words[1:]) if _NAME.fullmatch(name))


def _names(runner: str, words: Sequence[str]) -> list[str]:
    plain = [word for word in words if not word.startswith("-")]
    if runner == "make":
        return [word for word in plain if "=" not in word]
    if runner not in _RUNNERS or not plain:
        return []
    if plain[0] in _RUN:
        return plain[1:2]
    if runner in {"npm", "bun"}:
        return plain[:1] if runner == "npm" and plain[0] in _SHORT else []
    return [] if plain[0] in OF_RUNNERS else plain[:1]
