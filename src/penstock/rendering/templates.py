"""Skills' templates: Jinja2 in a sandbox, where every line is marked and nothing can be printed unfiltered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from penstock.domain.skills import Skill
from penstock.domain.spec import Origin
from penstock.errors import InvalidConfiguration
from penstock.kit.sandbox import RememberedAttributes
from penstock.rendering.characters import hidden_at
from penstock.rendering.marks import (
    CLOSE,
    VALUE,
    LineTable,
    OriginTable,
    TemplateLine,
    TooManyMarks,
    TracedLine,
    unmark,
)
from penstock.rendering.values import FILTERS, Rendered, UnsafeValue, printed

_KEPT = (
    "default", "first", "groupby", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "select", "selectattr", "sort", "sum", "unique", "upper", "d", "count",
)  # fmt: skip
"""Jinja2's own filters that templates may use; those that print markup or take strings apart are left out."""
_ORIGIN_MARK = "origin_mark"


class _Marks(Extension):
    """Puts a mark before each line end of template text, and knows ``{% by node %} ... {% endby %}``."""

    tags = {"by"}  # noqa: RUF012 -- Jinja2 declares it as a set

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        environment: Any = self.environment
        for token in stream:
            if token.type != "data":
                yield token
                continue
            first, *others = token.value.split("\n")
            marked = first
            for offset, part in enumerate(others):
                line = TemplateLine(environment.prefix + (stream.name or "?"), token.lineno + offset)
                marked += f"{environment.table.mark(line)}\n{part}"
            yield Token(token.lineno, "data", marked)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Compile ``{% by node %}``: everything inside was put there by that node of the spec."""
        lineno = next(parser.stream).lineno
        node = parser.parse_expression()
        body = parser.parse_statements(("name:endby",), drop_needle=True)
        opened = nodes.Call(nodes.Name(_ORIGIN_MARK, "load"), [node], [], None, None)
        closed = nodes.TemplateData(CLOSE)
        return [nodes.Output([opened], lineno=lineno), *body, nodes.Output([closed], lineno=lineno)]


class _Sandbox(RememberedAttributes, SandboxedEnvironment):
    """A sandbox per skill: its templates see only each other, and print only what a filter returned."""

    concat = staticmethod(lambda parts: Rendered("".join(parts)))
    """Joins a template's parts, all filtered, so what a macro returns counts as filtered too."""

    def __init__(self, prefix: str, sources: Mapping[str, str]) -> None:
        self.prefix = prefix
        self.table = LineTable()
        super().__init__(
            loader=jinja2.DictLoader(dict(sources)),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # not HTML; `printed` refuses every unfiltered value instead
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            finalize=_valued,
            extensions=[_Marks],
        )
        self.filters = {**{name: self.filters[name] for name in _KEPT}, **FILTERS}
        self.globals = {name: self.globals[name] for name in ("range", "namespace", "dict")} | {"demanded": demanded}


class _OriginMark(Rendered):
    """What ``{% by %}`` prints: no value."""


def _valued(value: object) -> Rendered:
    text = printed(value)
    return text if isinstance(text, _OriginMark) else Rendered(VALUE + text)


def demanded(policy: str, node: object = None) -> Origin:
    """Return the origin of a line that a policy demands: of the policy alone, or of a node that also supplies a value.

    Raises UnsafeValue for a node without an origin.
    """
    if node is None:
        return Origin(kind="policy", ref=policy)
    origin = _origin_of(node)
    return origin.model_copy(update={"because": (*origin.because, f"the policy {policy}")})


def _origin_of(node: object) -> Origin:
    origin = node if isinstance(node, Origin) else getattr(node, "origin", None)
    if not isinstance(origin, Origin):
        message = f"by: a {type(node).__name__} has no origin"
        raise UnsafeValue(message)
    return origin


class TemplateSet:
    """The templates of one skill, compiled when first used."""

    def __init__(self, skill: Skill) -> None:
        self.name = f"{skill.metadata.name}@{skill.metadata.version}"
        for name, source in skill.templates.items():
            found = hidden_at(source.removeprefix("\ufeff").replace("\r\n", "\n"))
            if found:
                raise _broken(self.name, name, found[0], f"holds the hidden character {found[1]}")
        sources = {name: text.removeprefix("\ufeff").replace("\r\n", "\n") for name, text in skill.templates.items()}
        self._sandbox = _Sandbox(f"{self.name} assets/templates/", sources)
        self._conditions: dict[str, Any] = {}

    def holds(self, expression: str, values: Mapping[str, Any]) -> bool:
        """Evaluate a ``when:`` condition. Raises InvalidConfiguration for a broken one."""
        try:
            condition = self._conditions.get(expression)
            if condition is None:
                condition = self._sandbox.compile_expression(expression, undefined_to_none=False)
                self._conditions[expression] = condition
            return bool(condition(**values))
        except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as problem:
            raise _broken(self.name, "render.yaml", None, f"condition {expression!r}: {problem}") from problem

    def render(self, template: str, values: Mapping[str, Any]) -> list[TracedLine]:
        """Render one template into traced lines. Raises InvalidConfiguration when it cannot be done."""
        origins = OriginTable()
        try:
            loaded = self._sandbox.get_template(template)
            marked = loaded.render({**values, _ORIGIN_MARK: _marker(origins)})
        except jinja2.TemplateNotFound as problem:
            raise _broken(self.name, template, None, f"the skill has no template {problem.message}") from problem
        except jinja2.TemplateSyntaxError as problem:
            raise _broken(self.name, problem.name or template, problem.lineno, str(problem.message)) from problem
        except (jinja2.TemplateError, UnsafeValue, TooManyMarks, ArithmeticError, TypeError, ValueError) as problem:
            raise _broken(self.name, template, _line_of(problem), str(problem) or type(problem).__name__) from problem
        return unmark(marked, self._sandbox.table.lines, origins.origins)


_KEPT_SETS = 64
"""Compiled skills held at a time; a skill is a few hundred kilobytes once compiled."""
_sets: dict[tuple[str, str, str], TemplateSet] = {}


def template_set(skill: Skill) -> TemplateSet:
    """Return the compiled templates of a skill. Published versions never change, so their digest is the key."""
    about = skill.metadata
    if not about.digest:
        return TemplateSet(skill)
    key = (about.name, about.version, about.digest)
    found = _sets.get(key)
    if found is None:
        if len(_sets) >= _KEPT_SETS:
            _sets.clear()
        found = _sets[key] = TemplateSet(skill)
    return found


def _marker(origins: OriginTable) -> Any:
    def origin_mark(node: Any) -> Rendered:
        return _OriginMark(origins.mark(_origin_of(node)))

    return origin_mark


def _line_of(problem: BaseException) -> int | None:
    """Return the template line an exception came from; Jinja2 rewrites tracebacks to point into templates."""
    line, trace = None, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in {"<template>", "<unknown>"}:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _broken(skill: str, template: str, line: int | None, why: str) -> InvalidConfiguration:
    place = f"{template}:{line}" if line else template
    return InvalidConfiguration(
        f"The skill {skill} cannot be rendered: {place}: {why}.",
        fields=["skills"],
        next_steps=(f"Tell the owner of the skill {skill}; until it is repaired, publish or choose another version.",),
    )
