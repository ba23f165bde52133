"""Dockerfiles: which are the application's own, and what their final stage says about start, port and version."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_NAME = re.compile(r"^(Dockerfile|Containerfile)(\.[\w.-]+)?$|^[\w-][\w.-]*\.[Dd]ockerfile$", re.IGNORECASE)
_ASIDE_FOLDER = re.compile(
    r"^\.|^(tests?|testing|e2e|playwright|cypress|ci|bench\w*|hack|docs?|examples?|samples?|fixtures?|testdata|lint|tools?)$"
    r"|[-_](tests?|e2e|fixtures?|examples?)$"
)
_ASIDE_NAME = re.compile(
    r"(^|[._-])(devcontainer|tests?|testing|e2e|integration|playwright|cypress|ci|gitpod|bench\w*|docs?|examples?|debug"
    r"|lint\w*|dev|development|local|tilt|proto\w*)([._-]|$)",
    re.IGNORECASE,
)
"""Words that say: this image is for developers, tests or the build, not for the application."""
_OTHER_ENDINGS = (
    ".dockerignore", ".md", ".tmpl", ".j2", ".sh", ".ex", ".exs", ".go", ".js", ".ts", ".py", ".rb", ".rs", ".java",
    ".kt", ".cs", ".php", ".json", ".yaml", ".yml", ".toml", ".txt", ".vim", ".lua", ".html", ".snap",
)  # fmt: skip
_INSTRUCTION = re.compile(r"^\s*(FROM|EXPOSE|CMD|ENTRYPOINT|ENV|ARG|WORKDIR|USER|COPY|ADD)\b\s*(.*)$", re.IGNORECASE)
_INIT = re.compile(r"^(?:\S*/)?(?:tini|dumb-init|catatonit)(?:\s+-\w+)*(?:\s+--)?\s+")
"""A first process that only passes signals on; what follows is the program."""
_FOR_DEVELOPERS = re.compile(r"(dev|devel|develop|development|debug|tests?|testing|local)([._-].*)?", re.IGNORECASE)
_FOR_PRODUCTION = re.compile(r"(prod|production|release|runtime|runner|final|app|server)([._-].*)?", re.IGNORECASE)
_WITHOUT_PROGRAM = frozenset(
    {
        "node", "python", "ruby", "golang", "openjdk", "eclipse-temurin", "amazoncorretto", "rust", "elixir", "erlang",
        "deno", "bun", "php", "perl", "swift", "alpine", "debian", "ubuntu", "busybox", "fedora", "amazonlinux",
        "scratch", "static", "static-debian12", "base", "base-debian12", "cc", "cc-debian12",
    }
)  # fmt: skip
"""Base images whose own command is a prompt, or that have none: whoever builds on them says what runs."""
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_MOST_STAGES = 200
"""Stages that a later one may build on; a file with more of them is made to keep us busy."""


@dataclass
class Stage:
    """One stage of a Dockerfile."""

    image: str
    line: int
    name: str | None = None
    parent: Stage | None = None
    exposed: list[tuple[int, int]] = field(default_factory=list)
    """Ports with their lines."""
    environment: dict[str, str] = field(default_factory=dict)
    copied: list[tuple[str, int]] = field(default_factory=list)
    """Paths taken from the build context, with their lines."""
    command: tuple[str, int] | None = None
    entrypoint: tuple[str, int] | None = None

    def lineage(self) -> list[Stage]:
        """Return the stage and those it is built on, nearest first."""
        found = [self]
        while found[-1].parent is not None and len(found) < 50:  # noqa: PLR2004 -- a bound, not a measure
            found.append(found[-1].parent)
        return found

    def start(self) -> tuple[str, int] | None:
        """Return what the container runs, with its line: ENTRYPOINT followed by CMD."""
        entry = next((stage.entrypoint for stage in self.lineage() if stage.entrypoint), None)
        command = next((stage.command for stage in self.lineage() if stage.command), None)
        found = (f"{entry[0]} {command[0]}", entry[1]) if entry and command else entry or command
        return (_INIT.sub("", found[0]) or found[0], found[1]) if found else None

    def without_program(self) -> bool:
        """Whether nothing says what the container runs, neither this file nor the image it is built on."""
        repository = self.lineage()[-1].image.partition("@")[0].rpartition("/")[2].partition(":")
        served = repository[0] == "php" and re.search(r"apache|fpm", repository[2])
        return self.start() is None and repository[0] in _WITHOUT_PROGRAM and not served

    def port(self) -> tuple[int, int] | None:
        """Return the first exposed port, with its line."""
        return next((stage.exposed[0] for stage in self.lineage() if stage.exposed), None)

    def variable(self, name: str) -> str | None:
        """Return an environment variable set by the image."""
        return next((stage.environment[name] for stage in self.lineage() if name in stage.environment), None)


@dataclass(frozen=True)
class Dockerfile:
    """One parsed Dockerfile; the path is relative to the repository's root."""

    path: str
    stages: tuple[Stage, ...]

    @property
    def final(self) -> Stage | None:
        """The stage a plain build produces."""
        return self.stages[-1] if self.stages else None

    @property
    def shipped(self) -> Stage | None:
        """The stage that production runs: the final one, unless its name says that it is for developers or tests.

        Then the last stage that is named for production, else the one it is built on.
        """
        final = self.final
        if final is None or not final.name or not _FOR_DEVELOPERS.fullmatch(final.name):
            return final
        named = [stage for stage in self.stages[:-1] if stage.name and _FOR_PRODUCTION.fullmatch(stage.name)]
        return named[-1] if named else final.parent or final

    def base(self, images: tuple[str, ...]) -> tuple[str, int] | None:
        """Return the version tag and line of the last stage built on one of the images."""
        for stage in reversed(self.stages):
            repository, _, tag = stage.image.partition("@")[0].rpartition(":")
            name = repository.rpartition("/")[2] if "/" not in tag else ""
            version = re.match(r"v?(\d+(?:\.\d+)*)", tag)
            if name in images and version:
                return version[1], stage.line
        return None

    def version_in_tag(self, name: str) -> tuple[str, int] | None:
        """Return the version that a tag like ``python3.12-slim`` of another image names, with its line."""
        for stage in reversed(self.stages):
            match = re.search(rf":[\w.-]*?\b{name}-?(\d+(?:\.\d+)*)", stage.image)
            if match:
                return match[1], stage.line
        return None


def is_dockerfile(path: str) -> bool:
    """Whether a path is named like a Dockerfile, and not like a program or a text about them."""
    name = path.rpartition("/")[2]
    return bool(_NAME.match(name)) and not name.lower().endswith(_OTHER_ENDINGS)


def for_application(path: str) -> bool:
    """Whether a Dockerfile is meant for the application: not for a devcontainer, tests or CI."""
    *folders, name = path.split("/")
    return not _ASIDE_NAME.search(name) and not any(_ASIDE_FOLDER.search(each) for each in folders if each != ".docker")


def application_dockerfiles(root: Folder) -> tuple[str, ...]:
    """Return the paths of all Dockerfiles that are not for developers or tests only."""
    return tuple(path for path in root.below if is_dockerfile(path) and for_application(path))


def parse(folder: Folder, name: str) -> Dockerfile:
    """Parse a Dockerfile of a folder; unknown instructions are skipped, so nothing is ever invalid here."""
    stages: list[Stage] = []
    arguments: dict[str, str] = {}
    for number, line in _logical_lines(folder.lines(name)):
        match = _INSTRUCTION.match(line)
        if not match:
            continue
        word, rest = match[1].upper(), match[2].strip()
        if word == "FROM":
            stages.append(_stage(rest, number, stages, arguments))
        elif word == "ARG":
            key, _, value = rest.partition("=")
            arguments[key.strip()] = value.strip().strip("\"'")
        elif stages:
            _apply(stages[-1], word, rest, number, arguments)
    return Dockerfile(folder.full(name), tuple(stages))


def _logical_lines(lines: list[str]) -> list[tuple[int, str]]:
    """Join continued lines and leave out comments and heredoc bodies."""
    found: list[tuple[int, str]] = []
    held, start, until = "", 0, ""
    for number, line in enumerate(lines, 1):
        if until:
            until = "" if line.strip() == until else until
            continue
        if line.lstrip().startswith("#"):
            continue
        start = start or number
        held += line.rstrip()
        if held.endswith("\\"):
            held = f"{held[:-1]} "
            continue
        heredoc = _HEREDOC.search(held)
        if heredoc and re.match(r"\s*(RUN|COPY|ADD)\b", held, re.IGNORECASE):
            until = heredoc[1]
        if held.strip():
            found.append((start, held))
        held, start = "", 0
    return [*found, (start, held)] if held.strip() else found


def _stage(rest: str, number: int, stages: list[Stage], arguments: dict[str, str]) -> Stage:
    words = [word for word in rest.split() if not word.startswith("--")]
    image = _filled(words[0], arguments, {}) if words else ""
    name = words[2] if len(words) > 2 and words[1].lower() == "as" else None  # noqa: PLR2004 -- FROM image AS name
    near = stages[-_MOST_STAGES:]
    parent = next((stage for stage in near if stage.name and stage.name.lower() == image.lower()), None)
    return Stage(image, number, name, parent)


def _apply(stage: Stage, word: str, rest: str, number: int, arguments: dict[str, str]) -> None:
    known = {key: value for each in reversed(stage.lineage()) for key, value in each.environment.items()}
    if word == "EXPOSE":
        for each in rest.split():
            port = _filled(each, arguments, known).partition("/")[0].strip("\"'")
            if port.isdecimal() and port.isascii() and len(port) < 6 and 0 < int(port) < 65536:  # noqa: PLR2004 -- 16 bits
                stage.exposed.append((int(port), number))
    elif word == "ENV":
        pairs = (
            re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S+)", rest)
            if "=" in rest
            else [tuple([*rest.split(None, 1), ""][:2])]
        )
        for key, value in pairs:
            stage.environment[key] = _filled(value.strip("\"'"), arguments, known)
    elif word in {"COPY", "ADD"}:
        stage.copied += [(_filled(each, arguments, known), number) for each in _sources(rest)]
    elif word == "CMD":
        stage.command = (_command(rest), number) if rest else None
    elif word == "ENTRYPOINT":
        stage.entrypoint = (_command(rest), number) if rest and rest != "[]" else None
        stage.command = None if stage.command is None else stage.command


def _sources(rest: str) -> list[str]:
    """Return what a COPY takes from the build context: nothing, when it copies from another stage."""
    words = rest.split()
    flags = [word for word in words if word.startswith("--")]
    if any(flag.startswith("--from") for flag in flags):
        return []
    listed = " ".join(words[len(flags) :])
    if listed.startswith("["):
        try:
            given = json.loads(listed)
        except (ValueError, RecursionError):
            return []
        words = [str(each) for each in given] if isinstance(given, list) else []
    else:
        words = words[len(flags) :]
    return words[:-1]


def _command(rest: str) -> str:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return rest
        if isinstance(words, list):
            words = [str(word) for word in words]
            if words[:2] in (["sh", "-c"], ["/bin/sh", "-c"], ["bash", "-c"], ["/bin/bash", "-c"]):
                words = words[2:]
            return " ".join(words)
    return rest


def _filled(text: str, arguments: dict[str, str], environment: dict[str, str]) -> str:
    """Put in ARG defaults and ENV values for $NAME, ${NAME} and ${NAME:-default}."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return environment.get(name) or arguments.get(name) or match[2] or ""

    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)", value, text)
