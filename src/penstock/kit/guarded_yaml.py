"""YAML from strangers: values with their positions, under budgets, with every ambiguity reported instead of guessed.

PyYAML's C parser composes nodes (with line marks); values are built here, so duplicate keys, merge keys, aliases and
custom tags are seen. YAML 1.1 rules apply to scalars, as Kubernetes and Cloud Build read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from penstock.kit.plain_json import plain_json
from penstock.kit.yaml_scalars import NotAScalar, divergence, scalar_value

MAX_BYTES = 262_144
MAX_DEPTH = 64
MAX_NODES = 50_000
MAX_ALIASES = 100
MAX_CHARACTERS = 4 * MAX_BYTES
"""Budgets of POLICY.md §4; nodes and characters are counted as expanded, so an alias bomb is caught before it is
written out."""

_PARSER_DEPTH = 512
"""Nesting that libyaml is allowed to recurse into; far above MAX_DEPTH, far below its stack."""
_COMPACT_NESTING = re.compile(rf"(?:[-?:][ \t]+){{{_PARSER_DEPTH}}}")
_BRACKET = re.compile(r"[\[\]{}]")
_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
_STR = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"

Path = tuple["Path", str] | tuple[()]
"""A pointer while it grows: (parent, token); only written out when somebody asks."""


class YamlProblem(ValueError):
    """A document that cannot or must not be read: the reason in words, with its place (1-based)."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        self.reason = reason
        self.line = line
        self.column = column
        super().__init__(f"{reason} (line {line}, column {column})")


@dataclass(frozen=True, slots=True)
class YamlFinding:
    """Something two parsers could read differently.

    kind: duplicate-key, non-string-key, merge-key, divergent-scalar.
    """

    kind: str
    line: int
    column: int
    pointer: str
    detail: str


@dataclass(frozen=True)
class YamlDocument:
    """One document of a stream: its value, what was odd about it, and where everything stands."""

    value: Any
    line: int
    findings: tuple[YamlFinding, ...] = ()
    composed: yaml.Node | None = field(default=None, repr=False, compare=False)
    source: str = field(default="", repr=False, compare=False)
    """The text of a document that is only composed when somebody asks for a place."""

    @cached_property
    def root(self) -> yaml.Node | None:
        """The node tree, with the marks."""
        return self.composed if self.composed is not None else next(_nodes(self.source), None)

    def position(self, pointer: str) -> tuple[int, int]:
        """Return 1-based line and column of a pointer, or of its nearest parent that exists; an entry is at its key."""
        node, place = self.root, (self.line, 1)
        if node is None:
            return place
        if pointer in {"", "/"}:
            return _place(node)
        for token in pointer.split("/")[1:]:
            found = _child(node, token.replace("~1", "/").replace("~0", "~"))
            if found is None:
                break
            place, node = _place(found[0]), found[1]
        return place

    def value_position(self, pointer: str) -> tuple[int, int]:
        """Return where the value itself begins, which for a mapping entry is behind its key."""
        node = self.root
        for token in pointer.split("/")[1:]:
            found = _child(node, token.replace("~1", "/").replace("~0", "~")) if node is not None else None
            if found is None:
                return self.position(pointer)
            node = found[1]
        return _place(node) if node is not None else (self.line, 1)


def load_documents(data: bytes | str, *, max_bytes: int = MAX_BYTES) -> tuple[YamlDocument, ...]:
    """Parse a stream of documents. Raises YamlProblem for syntax errors, broken budgets and custom tags."""
    text = _text(data, max_bytes)
    plain = plain_json(text)
    if plain is not None:
        return (YamlDocument(plain, 1, source=text),)
    budget = _Budget()
    try:
        return tuple(_Builder(budget).document(node) for node in _nodes(text))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        reason = str(problem.problem or problem.context or "not YAML")
        raise YamlProblem(reason, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1) from None
    except yaml.reader.ReaderError as problem:
        raise YamlProblem("a character that YAML does not allow", *_line_column(text, problem.position)) from None
    except yaml.YAMLError as problem:
        raise YamlProblem(str(problem).partition("\n")[0] or "not YAML") from None
    except (RecursionError, MemoryError):
        raise YamlProblem("nested too deeply") from None


def load(data: bytes | str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the value of the first document, None when there is none. Raises YamlProblem."""
    documents = load_documents(data, max_bytes=max_bytes)
    return documents[0].value if documents else None


def escape(key: str) -> str:
    """Return a key as one JSON pointer token (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _text(data: bytes | str, max_bytes: int) -> str:
    if isinstance(data, bytes):
        raw = data
    else:
        try:
            raw = data.encode("utf-8")
        except UnicodeEncodeError:
            raise YamlProblem("a lone surrogate, which no UTF-8 file can hold") from None
    if len(raw) > max_bytes:
        raise YamlProblem(f"larger than {max_bytes} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise YamlProblem("not UTF-8") from None
    _refuse_absurd_nesting(text)
    return text


def _refuse_absurd_nesting(text: str) -> None:
    """Refuse what would make the C parser recurse without bound, before it starts."""
    compact = _COMPACT_NESTING.search(text) if any(map(_has_many_gaps, text.split("\n"))) else None
    if compact:
        raise YamlProblem("nested too deeply", *_line_column(text, compact.start()))
    if text.count("[") + text.count("{") <= _PARSER_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match.group() in "[{" else max(0, depth - 1)
        if depth > _PARSER_DEPTH:
            raise YamlProblem("nested too deeply", *_line_column(text, match.start()))


def _has_many_gaps(line: str) -> bool:
    """Whether a line could hold _PARSER_DEPTH levels, each of which needs a blank."""
    return len(line) > _PARSER_DEPTH and line.count(" ") + line.count("\t") >= _PARSER_DEPTH


def _line_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class _Loader(yaml.CSafeLoader):
    """The safe loader, which looks at the tag of a plain scalar only when its first character can begin another."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        """Return the tag of a node, as YAML 1.1 has it."""
        if kind is yaml.ScalarNode and value is not None:
            if implicit[0]:
                for tag, pattern in _RESOLVERS.get(value[:1], ()):
                    if pattern.match(value):
                        return str(tag)
            return _STR
        return _SEQ if kind is yaml.SequenceNode else _MAP


_RESOLVERS = yaml.CSafeLoader.yaml_implicit_resolvers


def _nodes(text: str) -> Iterator[yaml.Node]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node
    finally:
        loader.dispose()


def _place(node: yaml.Node) -> tuple[int, int]:
    mark = node.start_mark
    return mark.line + 1, mark.column + 1


def _child(node: yaml.Node, token: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return (node that marks the place, value) of one step down; the last of duplicate keys, then merged ones."""
    if isinstance(node, yaml.SequenceNode):
        index = int(token) if token.isascii() and token.isdigit() and len(token) < 7 else -1  # noqa: PLR2004 -- no list is longer
        return (node.value[index], node.value[index]) if 0 <= index < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in reversed(node.value):
        if isinstance(key, yaml.ScalarNode) and key.value == token and key.tag != _MERGE:
            return key, value
    for key, value in node.value:
        if key.tag == _MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                found = _child(source, token)
                if found:
                    return key, found[1]
    return None


@dataclass(slots=True)
class _Budget:
    nodes: int = 0
    characters: int = 0
    aliases: int = 0


class _Builder:
    """Turns one node tree into values and findings, counting what it builds."""

    def __init__(self, budget: _Budget) -> None:
        self.budget = budget
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.findings: list[YamlFinding] = []

    def document(self, node: yaml.Node) -> YamlDocument:
        value = self.build(node, (), first=True)
        return YamlDocument(value, node.start_mark.line + 1, tuple(self.findings), node)

    def build(self, node: yaml.Node, path: Path, *, first: bool) -> Any:
        """Build a value. ``first``: this edge of the graph is walked for the first time (aliases count once)."""
        self._count(node)
        identity = id(node)
        again = identity in self.seen
        if again and first:
            self.budget.aliases += 1
            if self.budget.aliases > MAX_ALIASES:
                raise YamlProblem(f"more than {MAX_ALIASES} aliases", *_place(node))
        self.seen.add(identity)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if identity in self.open:
            raise YamlProblem("an alias contains itself", *_place(node))
        if len(self.open) >= MAX_DEPTH:
            raise YamlProblem(f"nested deeper than {MAX_DEPTH} levels", *_place(node))
        self.open.add(identity)
        try:
            return self._collection(node, path, first=first and not again)
        finally:
            self.open.discard(identity)

    def _count(self, node: yaml.Node) -> None:
        self.budget.nodes += 1
        if self.budget.nodes > MAX_NODES:
            raise YamlProblem(f"more than {MAX_NODES} nodes once aliases are written out", *_place(node))

    def _collection(self, node: yaml.Node, path: Path, *, first: bool) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node, path, first=first)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return [self.build(each, (path, str(index)), first=first) for index, each in enumerate(node.value)]
        raise YamlProblem(f"custom tag {node.tag[:60]}", *_place(node))

    def _mapping(self, node: yaml.MappingNode, path: Path, *, first: bool) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                self._find("merge-key", key_node, path, "<< merges another mapping into this one")
                for each in self._merge_sources(value_node, path, first=first):
                    merged = {**each, **merged}
                continue
            key = self._key(key_node, path)
            here: Path = (path, key)
            if key in built:
                detail = f"key {key[:60]!r} stands twice; which one counts depends on the parser"
                self._find("duplicate-key", key_node, here, detail)
            built[key] = self.build(value_node, here, first=first)
        return {**merged, **built} if merged else built

    def _merge_sources(self, node: yaml.Node, path: Path, *, first: bool) -> list[dict[str, Any]]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        values = [self.build(each, (path, "<<"), first=first) for each in nodes]
        if not all(isinstance(value, dict) for value in values):
            raise YamlProblem("<< needs a mapping", *_place(node))
        return values

    def _key(self, node: yaml.Node, path: Path) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise YamlProblem("a key that is not a scalar", *_place(node))
        self._count(node)
        if node.tag != _STR and not (node.tag.endswith(":bool") and node.value.lower() == "on"):
            self._find("non-string-key", node, path, f"key {str(node.value)[:60]} is not a string")
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        self.budget.characters += len(node.value)
        if self.budget.characters > MAX_CHARACTERS:
            raise YamlProblem(f"more than {MAX_CHARACTERS} characters once aliases are written out", *_place(node))
        if not node.style:
            divergent = divergence(node.tag, node.value)
            if divergent:
                self._find("divergent-scalar", node, path, divergent)
        if node.tag == _STR:
            return node.value
        try:
            return scalar_value(node.tag, node.value)
        except NotAScalar as problem:
            raise YamlProblem(str(problem), *_place(node)) from None

    def _find(self, kind: str, node: yaml.Node, path: Path, detail: str) -> None:
        self.findings.append(YamlFinding(kind, *_place(node), _pointer(path), detail))


def _pointer(path: Path) -> str:
    tokens = []
    while path:
        path, token = path
        tokens.append("/" + escape(token))
    return "".join(reversed(tokens))
