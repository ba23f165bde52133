"""One folder of a repository, with documents parsed once and every complaint about them kept as a gap."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from penstock.detection.tree import Tree, matches
from penstock.domain.facts import Basis, Fact, Gap, Source
from penstock.kit.guarded_yaml import YamlDocument, YamlProblem, load_documents
from penstock.kit.located import Element, Located, ParseProblem, parse_json, parse_toml, parse_xml

MAX_SEARCHED_TEXT = 262_144
"""Characters of one file that are searched; parsers of whole documents see all of it."""
MAX_LINES = 8_000
"""Lines of one file that are searched."""
MAX_LINE = 800
"""Characters of a line that is searched: longer ones were made by machines, and patterns take long over them."""
_TAME = 40
_BLANKS = re.compile(rf"[ \t]{{{_TAME + 1},}}")
_EMPTY_LINES = re.compile(r"\n[ \t]*\n[ \t]*\n[ \t]*\n[ \t]*\n")
"""Two patterns, not one: each begins with what the engine can skip to."""
MAX_YAML = 2_097_152
"""Bytes; lock files are large, and the node budget bounds the work."""


class Readings:
    """What was read of one tree so far: folders of the same tree share it, so nothing is decoded or parsed twice."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str | None, str]] = {}
        self.tamed: dict[str, str] = {}
        self.parsed: dict[tuple[str, str], Any] = {}
        self.searched = 0
        """Source files searched so far, for searches that keep to a budget over the whole repository."""
        self.routed = 0
        """The same for the search for routes."""


class Folder:
    """A view of a tree below one path. Names are relative to the folder; sources are relative to the repository."""

    def __init__(self, tree: Tree, path: str = ".", readings: Readings | None = None) -> None:
        self.tree = tree
        self.path = path
        self.gaps: list[Gap] = []
        self.readings = readings or Readings()

    @cached_property
    def below(self) -> tuple[str, ...]:
        """Every file below the folder, relative to it, sorted."""
        if self.path == ".":
            return self.tree.paths
        prefix = f"{self.path}/"
        paths = self.tree.paths
        first, last = bisect_left(paths, prefix), bisect_left(paths, f"{self.path}0")  # "0" follows "/"
        return tuple(path[len(prefix) :] for path in paths[first:last])

    @cached_property
    def names(self) -> frozenset[str]:
        """Files directly in the folder."""
        return frozenset(path for path in self.below if "/" not in path)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every file below, for quick look-ups."""
        return frozenset(self.below)

    @cached_property
    def name(self) -> str:
        """The folder's own name; "" for the root."""
        return "" if self.path == "." else self.path.rpartition("/")[2]

    def has(self, name: str) -> bool:
        """Whether a file exists below the folder."""
        return name in self.known

    def files(self, glob: str) -> tuple[str, ...]:
        """Return the files below that fit a glob, by name or (a glob with a slash) by path."""
        return tuple(path for path in self.below if matches(path, glob))

    def at(self, name: str) -> Folder:
        """Return the folder of that relative path; gaps are its own."""
        if name in {"", "."}:
            return self
        return Folder(self.tree, name if self.path == "." else f"{self.path}/{name}", self.readings)

    @cached_property
    def root(self) -> Folder:
        """The repository's root folder."""
        return self if self.path == "." else Folder(self.tree, ".", self.readings)

    @cached_property
    def parents(self) -> tuple[Folder, ...]:
        """The folders above, nearest first, the root last; none for the root itself."""
        parts = self.path.split("/") if self.path != "." else []
        above = [Folder(self.tree, "/".join(parts[:count]), self.readings) for count in range(len(parts) - 1, 0, -1)]
        return (*above, self.root) if parts else ()

    @property
    def parent(self) -> Folder | None:
        """The folder above, None for the root."""
        return self.parents[0] if self.parents else None

    def full(self, name: str) -> str:
        """Return a name as a path from the repository's root."""
        return name if self.path == "." else f"{self.path}/{name}"

    def text(self, name: str) -> str | None:
        """Return a file's text for searching: line numbers hold, long lines and runs of blanks are cut short.

        None when the file is missing, binary or too large (the latter two leave a gap).
        """
        text = self._whole(name)
        if text is None:
            return None
        full = self.full(name)
        if full not in self.readings.tamed:
            self.readings.tamed[full] = tamed(text)
        return self.readings.tamed[full]

    def mentions(self, name: str, *words: str) -> bool:
        """Whether a file holds one of the words: cheaper than searching it, so asked first where few files do."""
        text = self._whole(name)
        return text is not None and any(word in text for word in words)

    def _whole(self, name: str) -> str | None:
        if name not in self.known:
            return None
        full = self.full(name)
        if full not in self.readings.texts:
            self.readings.texts[full] = _decoded(self.tree.read(full))
        text, complaint = self.readings.texts[full]
        if complaint:
            self.gap(name, complaint, name)
        return text

    def lines(self, name: str) -> list[str]:
        """Return a file's lines, none when there is no such text file."""
        text = self.text(name)
        return text.split("\n") if text is not None else []

    def json(self, name: str) -> Located | None:
        """Return a parsed JSON file; broken ones leave a gap and give None."""
        return cast("Located | None", self._parsed(name, "json", parse_json))

    def toml(self, name: str) -> Located | None:
        """Return a parsed TOML file, or None."""
        return cast("Located | None", self._parsed(name, "toml", parse_toml))

    def xml(self, name: str) -> Element | None:
        """Return the root element of an XML file, or None."""
        return cast("Element | None", self._parsed(name, "xml", parse_xml))

    def yaml(self, name: str) -> YamlDocument | None:
        """Return the first document of a YAML file, or None."""
        return cast("YamlDocument | None", self._parsed(name, "yaml", _first_document))

    def _parsed(self, name: str, kind: str, parse: Callable[[str], Any]) -> Any:
        text = self._whole(name)
        if text is None:
            return None
        key = (self.full(name), kind)
        if key not in self.readings.parsed:
            try:
                self.readings.parsed[key] = parse(text)
            except (ParseProblem, YamlProblem) as problem:
                self.readings.parsed[key] = problem
        result = self.readings.parsed[key]
        if isinstance(result, ParseProblem | YamlProblem):
            self.gap(name, f"invalid YAML: {result.reason}" if kind == "yaml" else result.reason, name, result.line)
            return None
        return result

    def source(self, name: str, line: int | None = None, detail: str = "") -> Source:
        """Return a place in this folder."""
        return Source(self.full(name), line, detail)

    def fact(
        self, value: Any, name: str, line: int | None = None, detail: str = "", basis: Basis = Basis.FILE
    ) -> Fact[Any]:
        """Return a fact read from a file of this folder."""
        return Fact(value, self.source(name, line, detail), basis)

    def lockfile(self, name: str) -> Fact[str] | None:
        """Return the fact of a lock file of this folder, named from the repository's root; None without the file."""
        return self.fact(self.full(name), name) if name in self.names else None

    def gap(self, field: str, reason: str, name: str | None = None, line: int | None = None) -> None:
        """Remember that something could not be found out, and why. The same complaint is kept once."""
        gap = Gap(field, reason, self.source(name, line) if name else None)
        if gap not in self.gaps:
            self.gaps.append(gap)


def tamed(text: str) -> str:
    """Return a text that no pattern takes long over, line by line the same but for what no person writes.

    Lines over MAX_LINE characters become empty, runs of blanks keep 40 characters, and within runs of empty lines
    every fourth holds a NUL, which no pattern takes for space.
    """
    text = text[:MAX_SEARCHED_TEXT]
    lines = text.split("\n", MAX_LINES)[:MAX_LINES]
    if max(map(len, lines)) <= MAX_LINE and not _BLANKS.search(text) and not _EMPTY_LINES.search(text):
        return text if len(lines) < MAX_LINES else "\n".join(lines)
    lines = [_BLANKS.sub(" " * _TAME, line) if 0 < len(line) <= MAX_LINE else "" for line in lines]
    empty = 0
    for number, line in enumerate(lines):
        empty = 0 if line.strip() else empty + 1
        if empty and empty % 4 == 0:
            lines[number] = "\0"
    return "\n".join(lines)


def _decoded(content: bytes | None) -> tuple[str | None, str]:
    """Return a file's text and, when there is none, the complaint."""
    if content is None:
        return None, "could not be read (too large, unreadable or a link)"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace"), ""
    if b"\0" in content[:8192]:
        return None, "is binary"
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n"), ""


def _first_document(text: str) -> YamlDocument | None:
    documents = load_documents(text, max_bytes=MAX_YAML)
    return documents[0] if documents else None
