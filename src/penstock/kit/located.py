"""JSON, TOML and XML that know the line of everything: facts must be able to say where they were read."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_TOML_HEADER = re.compile(r"^\s*\[\[?([^\]]+)\]\]?\s*(?:#.*)?$")
_TOML_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
MAX_DEPTH = 200
MAX_TOML_PARTS = 32
"""Parts of one dotted key: a parser's time and memory grow with their square."""
MAX_TOML_CHARACTERS = 4 * 1024 * 1024
_PART = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_TOML_LONG_KEY = re.compile(rf"(?:{_PART}[ \t]*+\.[ \t]*+){{{MAX_TOML_PARTS}}}")


class ParseProblem(ValueError):
    """A document that cannot be read: the reason in words and the 1-based line."""

    def __init__(self, reason: str, line: int = 1) -> None:
        self.reason = reason
        self.line = line
        super().__init__(f"{reason} (line {line})")


@dataclass(frozen=True)
class Located:
    """A parsed document; ``lines`` maps key paths (tuples of names, array items by index) to 1-based lines."""

    value: Any
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def get(self, *path: str) -> Any:
        """Return the value at a path of keys, None when any part is missing."""
        here = self.value
        for key in path:
            if not isinstance(here, dict) or key not in here:
                return None
            here = here[key]
        return here

    def line(self, *path: str) -> int | None:
        """Return the line of a path, or of its nearest parent that has one."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def parse_json(text: str) -> Located:
    """Parse JSON, with comments and trailing commas tolerated (tsconfig, deno.jsonc). Raises ParseProblem."""
    text = text.removeprefix("\ufeff")
    try:
        value = _json(text)
    except json.JSONDecodeError as problem:
        relaxed = _without_comments(text)
        try:
            value = _json(relaxed)
        except json.JSONDecodeError:
            raise ParseProblem(f"invalid JSON: {problem.msg}", problem.lineno) from None
        text = relaxed
    except RecursionError:
        raise ParseProblem("invalid JSON: nested too deeply") from None
    return Located(value, _json_lines(text))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError as problem:  # e.g. an integer of more digits than Python converts
        raise json.JSONDecodeError(str(problem).split(";")[0], text, 0) from None


def _without_comments(text: str) -> str:
    kept = re.sub(
        r'("(?:[^"\\\n]|\\.)*")|//[^\n]*|/\*.*?(?:\*/|\Z)',
        lambda match: match.group(1) or re.sub(r"[^\n]", " ", match.group()),
        text,
        flags=re.DOTALL,
    )
    return re.sub(r",(\s*[}\]])", r"\1", kept)


class _JsonLines:
    """Follows the tokens of a JSON text; what is nested deeper than MAX_DEPTH gets no line."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, ...], int] = {}
        self.levels: list[bool] = []  # of each open bracket: is it an object
        self.keys: list[str] = []  # of each open bracket: the current key or index
        self.text, self.text_line = "", 1

    def token(self, piece: str, line: int) -> None:
        if piece in "{[":
            self.levels.append(piece == "{")
            self.keys.append("0")
        elif not self.levels:
            return
        elif piece in "}]":
            self.levels.pop()
            self.keys.pop()
        elif piece == ":":
            self.keys[-1] = self.text
            self._remember(self.text_line)
        elif piece == ",":
            self.keys[-1] = self.keys[-1] if self.levels[-1] else str(int(self.keys[-1]) + 1)
        elif piece.startswith('"'):
            self._string(piece, line)

    def _string(self, piece: str, line: int) -> None:
        self.text, self.text_line = _unquoted(piece), line
        if not self.levels[-1]:
            self._remember(line)

    def _remember(self, line: int) -> None:
        if len(self.keys) <= MAX_DEPTH:
            self.lines.setdefault(tuple(self.keys), line)


def _json_lines(text: str) -> dict[tuple[str, ...], int]:
    follower = _JsonLines()
    line, last = 1, 0
    for match in _JSON_TOKEN.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        follower.token(match.group(), line)
    return follower.lines


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token[1:-1]


def parse_toml(text: str) -> Located:
    """Parse TOML; a text too large, or with a key of too many parts, is refused unparsed. Raises ParseProblem."""
    _check_toml(text)
    try:
        value = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as problem:
        found = re.search(r"line (\d+)", str(problem))
        raise ParseProblem(f"invalid TOML: {problem}", int(found.group(1)) if found else 1) from None
    lines: dict[tuple[str, ...], int] = {}
    prefix: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _TOML_HEADER.match(line)
        if header:
            prefix = _toml_path(header.group(1))
            lines.setdefault(prefix, number)
            continue
        key = _TOML_KEY.match(line)
        if key:
            lines.setdefault((*prefix, *_toml_path(key.group(1))), number)
    return Located(value, lines)


def _check_toml(text: str) -> None:
    if len(text) > MAX_TOML_CHARACTERS:
        raise ParseProblem(f"TOML of more than {MAX_TOML_CHARACTERS} characters is not read")
    found = _TOML_LONG_KEY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise ParseProblem(f"TOML with a key of more than {MAX_TOML_PARTS} parts is not read", line)


def _toml_path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", dotted))


@dataclass
class Element:
    """One XML element, without namespaces: tag, text, attributes, children, line."""

    tag: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, *path: str) -> Element | None:
        """Return the first element at a path of tags."""
        here: Element | None = self
        for tag in path:
            here = next((child for child in here.children if child.tag == tag), None) if here else None
        return here

    def all(self, tag: str) -> list[Element]:
        """Return every descendant of that tag, in document order."""
        found = []
        for child in self.children:
            if child.tag == tag:
                found.append(child)
            found += child.all(tag)
        return found


def parse_xml(text: str) -> Element:
    """Parse XML; document types and entities are refused, since they can expand without end. Raises ParseProblem."""
    parser = expat.ParserCreate("utf-8")
    root = Element("", 1)
    stack = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            raise ParseProblem("invalid XML: nested too deeply", parser.CurrentLineNumber)
        element = Element(name.rpartition(":")[2], parser.CurrentLineNumber, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def refuse(*_: object) -> None:
        raise ParseProblem("XML with entities is not read", parser.CurrentLineNumber)

    def add_text(data: str) -> None:
        stack[-1].text += data

    def end(_: str) -> None:
        done = stack.pop()
        done.text = done.text.strip()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = add_text
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), True)  # noqa: FBT003 -- expat's own signature
    except expat.ExpatError as problem:
        raise ParseProblem(f"invalid XML: {expat.errors.messages[problem.code]}", problem.lineno) from None
    return root.children[0]
