"""Dockerfiles as data: stages, instructions, flags, JSON form, heredocs, with the lines they stand on.

Total: any text gives a Dockerfile, never an exception. What is not an instruction becomes one with its first word as
name, so rules can see it. Follows the Dockerfile reference of docs.docker.com (parser directives, continuation,
heredocs); variables are left as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

INSTRUCTIONS = frozenset(
    {
        "add", "arg", "cmd", "copy", "entrypoint", "env", "expose", "from", "healthcheck", "label", "maintainer",
        "onbuild", "run", "shell", "stopsignal", "user", "volume", "workdir",
    }
)  # fmt: skip
_DIRECTIVE = re.compile(r"^#[ \t]*([A-Za-z][A-Za-z0-9]*)[ \t]*=[ \t]*(.+?)[ \t\r]*$")
_FLAG = re.compile(r"^--[a-z][a-z-]*(?:=(?:\"[^\"]*\"|'[^']*'|\S*))?(?=\s|$)")
_HEREDOC = re.compile(r"<<-?[ \t]*([\"']?)([A-Za-z_][A-Za-z0-9_.]*)\1")
_WITH_FLAGS = frozenset({"add", "copy", "from", "healthcheck", "run"})
_WITH_HEREDOC = frozenset({"add", "copy", "run"})
_WITH_JSON = frozenset({"add", "cmd", "copy", "entrypoint", "run", "shell", "volume"})
_PAIRS = frozenset({"arg", "env", "label"})
_WORDS = frozenset({"add", "copy", "expose", "from", "volume"})
_PAIR = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. ``cmd`` is lower case; ``value`` depends on it (docs/gate.md); lines are 1-based, inclusive."""

    cmd: str
    value: tuple[str, ...]
    flags: tuple[str, ...]
    original: str
    start_line: int
    end_line: int
    json: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return the shape of the gate's input v1."""
        return {
            "cmd": self.cmd,
            "value": list(self.value),
            "flags": list(self.flags),
            "original": self.original,
            "start_line": self.start_line,
            "end_line": self.end_line,
            "json": self.json,
        }


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM with everything up to the next; its own FROM is the first command."""

    name: str
    base: str
    commands: tuple[Instruction, ...]

    def as_data(self) -> dict[str, Any]:
        """Return the shape of the gate's input v1."""
        return {"name": self.name, "base": self.base, "commands": [each.as_data() for each in self.commands]}


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file. ``preamble`` is what stands before the first FROM: ARGs, or mistakes."""

    stages: tuple[Stage, ...]
    preamble: tuple[Instruction, ...] = ()
    directives: dict[str, str] = field(default_factory=dict)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Every instruction in order."""
        return (*self.preamble, *(command for stage in self.stages for command in stage.commands))

    def as_data(self) -> dict[str, Any]:
        """Return the shape of the gate's input v1."""
        return {
            "stages": [stage.as_data() for stage in self.stages],
            "preamble": [each.as_data() for each in self.preamble],
        }


def parse(text: str) -> Dockerfile:
    """Parse any text. Never raises."""
    lines = text.removeprefix("\ufeff").split("\n")
    directives, escape = _directives(lines)
    preamble: list[Instruction] = []
    stages: list[tuple[str, str, list[Instruction]]] = []
    for instruction in _instructions(lines, escape):
        if instruction.cmd == "from":
            name, base = _stage(instruction, len(stages))
            stages.append((name, base, [instruction]))
        elif stages:
            stages[-1][2].append(instruction)
        else:
            preamble.append(instruction)
    built = tuple(Stage(name, base, tuple(commands)) for name, base, commands in stages)
    return Dockerfile(built, tuple(preamble), directives)


def looks_like_one(text: str) -> bool:
    """Whether the content is a Dockerfile: the first instruction is FROM, or ARGs (and known ones) before a FROM."""
    for line in text.removeprefix("\ufeff").split("\n"):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        word = words[0]
        if word.upper() == "FROM" and len(words) > 1 and not word.endswith(":"):
            return len(words) == 2 or words[1].startswith("--") or (len(words) == 4 and words[2].upper() == "AS")  # noqa: PLR2004 -- FROM x / FROM x AS y
        if word.upper() != "ARG":
            return False
    return False


def _directives(lines: list[str]) -> tuple[dict[str, str], str]:
    found: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.match(line)
        if match is None or match.group(1).lower() not in {"syntax", "escape", "check"}:
            break
        found.setdefault(match.group(1).lower(), match.group(2))
    return found, "`" if found.get("escape") == "`" else "\\"


def _instructions(lines: list[str], escape: str) -> Iterator[Instruction]:
    number = 0
    while number < len(lines):
        stripped = lines[number].strip()
        if not stripped or stripped.startswith("#"):
            number += 1
            continue
        start = number
        logical, number = _continued(lines, number, escape)
        bodies: list[str] = []
        if logical.split(None, 1)[:1] and logical.split(None, 1)[0].lower() in _WITH_HEREDOC:
            bodies, number = _heredocs(logical, lines, number)
        original = "\n".join(line.rstrip("\r") for line in lines[start:number])
        yield _instruction(logical, bodies, original, start + 1, number)


def _continued(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """Join a line with its continuations; comments and empty lines inside are dropped, as Docker does."""
    parts: list[str] = []
    while number < len(lines):
        line = lines[number].rstrip("\r")
        number += 1
        if parts and (not line.strip() or line.lstrip().startswith("#")):
            continue
        trimmed = line.rstrip(" \t")
        if not trimmed.endswith(escape):
            parts.append(line)
            break
        parts.append(trimmed[:-1])
    return "".join(parts).strip(), number


def _heredocs(logical: str, lines: list[str], number: int) -> tuple[list[str], int]:
    """Return the bodies of the heredocs an instruction opens; one that never ends is not a heredoc."""
    bodies: list[str] = []
    for match in _HEREDOC.finditer(logical):
        strip_tabs = logical[match.start() + 2 : match.start() + 3] == "-"
        end = next((at for at in range(number, len(lines)) if _closes(lines[at], match.group(2), strip_tabs)), None)
        if end is None:
            break
        body = [line.rstrip("\r").lstrip("\t") if strip_tabs else line.rstrip("\r") for line in lines[number:end]]
        bodies.append("\n".join(body))
        number = end + 1
    return bodies, number


def _closes(line: str, word: str, strip_tabs: bool) -> bool:
    line = line.rstrip("\r")
    return (line.lstrip("\t") if strip_tabs else line) == word


def _instruction(logical: str, bodies: list[str], original: str, start: int, end: int) -> Instruction:
    word, _, rest = logical.partition(" ") if " " in logical else logical.partition("\t")
    if "\t" in word:
        word, _, more = word.partition("\t")
        rest = f"{more} {rest}"
    cmd, rest = word.lower(), rest.strip()
    flags: list[str] = []
    while cmd in _WITH_FLAGS and (match := _FLAG.match(rest)):
        flags.append(match.group())
        rest = rest[match.end() :].lstrip()
    listed = _json_list(rest) if cmd in _WITH_JSON else None
    if listed is not None:
        return Instruction(cmd, tuple(listed), tuple(flags), original, start, end, json=True)
    return Instruction(cmd, _value(cmd, rest, bodies), tuple(flags), original, start, end)


def _value(cmd: str, rest: str, bodies: list[str]) -> tuple[str, ...]:
    if cmd in _PAIRS:
        return _pairs(cmd, rest)
    if cmd in _WORDS:
        return (*rest.split(), *bodies)
    if bodies:
        return ("\n".join([rest, *bodies]),)
    return (rest,) if rest else ()


def _pairs(cmd: str, rest: str) -> tuple[str, ...]:
    """``K=V`` each, unquoted; the old form ``ENV KEY some value`` becomes one pair."""
    words = [str(match.group()) for match in _PAIR.finditer(rest)]
    if cmd != "arg" and words and "=" not in words[0]:
        key, _, value = rest.partition(" ")
        return (f"{key}={value.strip()}",)
    return tuple(_unquoted(word) for word in words)


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)|[\"']", lambda match: match.group(1) or "", word, flags=re.DOTALL)


def _json_list(rest: str) -> list[str] | None:
    if not rest.startswith("["):
        return None
    try:
        listed = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    return listed if isinstance(listed, list) and all(isinstance(each, str) for each in listed) else None


def _stage(instruction: Instruction, number: int) -> tuple[str, str]:
    words = instruction.value
    name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else str(number)  # noqa: PLR2004 -- FROM image AS name
    return name, words[0] if words else ""
