"""Expressions of skills: Jinja2 in its sandbox, over facts, with the values' own types.

A string that is one ``{{ expression }}`` keeps the type of its value, so lists and numbers stay what they are. Values
are never evaluated again: a fact that holds ``{{ 7*7 }}`` stays these characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from penstock.generation.problems import BrokenExpression
from penstock.generation.versions import line, pick, picked, pinned
from penstock.generation.words import words
from penstock.kit.sandbox import RememberedAttributes

_ONE = re.compile(r"\s*\{\{-?(.*?)-?\}\}\s*", re.DOTALL)
_MAX_TEXT = 20_000
"""Characters that one expression may make; scripts of a step are far below."""
_KEPT = 4096
"""Compiled expressions held at a time."""
_UNLIKELY = "{#!!"
"""Start of a Jinja2 comment: the usual one stands in shell scripts (``${#list[@]}``)."""


class _Whole(jinja2.Template):
    """A template whose names are given whole, the sandbox's own among them: copying them again is half of its work."""

    def new_context(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 -- Jinja2 names it
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002 -- Jinja2 names it
    ) -> Context:
        """Return what the template may name."""
        return super().new_context(vars, shared=shared or vars is not None, locals=locals)


class _Sandbox(RememberedAttributes, ImmutableSandboxedEnvironment):
    """The sandbox of all skills: no state, nothing to reach but what an expression is given."""

    intercepted_binops = frozenset({"*", "**"})
    template_class = _Whole

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers only: a text times a million is no default of any pipeline."""
        if not all(isinstance(each, int | float) for each in (left, right)) or operator == "**":
            raise BrokenExpression(f"{operator} is for numbers")
        return super().call_binop(context, operator, left, right)


def _printed(value: Any) -> Any:
    return "" if value is None else value


def _sandbox() -> _Sandbox:
    sandbox = _Sandbox(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # not HTML; rendering has a filter for each place a value can stand
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string=_UNLIKELY,
        finalize=_printed,
    )
    sandbox.globals = {"pick": pick, "picked": picked, "pinned": pinned, "line": line, "words": words, "range": range}
    return sandbox


_SANDBOX = _sandbox()
_PROBLEMS = (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


def evaluate(value: Any, names: Mapping[str, Any]) -> Any:
    """Return a value of defaults.yaml with every expression in it evaluated.

    Entries of a list that are none are left out. Raises BrokenExpression.
    """
    if isinstance(value, str):
        return _text(value, names) if "{" in value else value
    if isinstance(value, Mapping):
        return {str(key): evaluate(each, names) for key, each in value.items()}
    if isinstance(value, list | tuple):
        found = [evaluate(each, names) for each in value]
        return [each for each in found if each is not None]
    return value


def holds(condition: str | bool | None, names: Mapping[str, Any]) -> bool:
    """Whether a ``when`` holds; there being none, it does. Raises BrokenExpression."""
    if condition is None or isinstance(condition, bool):
        return condition is not False
    return bool(_guarded(_expression(condition), names, condition))


def _text(text: str, names: Mapping[str, Any]) -> Any:
    inner = _alone(text)
    run = _expression(inner) if inner is not None else _template(text)
    found = _guarded(run, names, text)
    if isinstance(found, str) and len(found) > _MAX_TEXT:
        raise BrokenExpression(f"it makes {len(found)} characters")
    return found


def _guarded(run: Callable[..., Any], names: Mapping[str, Any], text: str) -> Any:
    try:
        found = run({**_SANDBOX.globals, **names})
        if isinstance(found, Undefined):
            str(found)  # StrictUndefined says which name it misses
    except _PROBLEMS as problem:
        raise BrokenExpression(f"{_short(text)}: {problem}") from problem
    return found


@lru_cache(_KEPT)
def _alone(text: str) -> str | None:
    """Return the expression when the text is nothing but one, else None."""
    match = _ONE.fullmatch(text)
    if match is None:
        return None
    try:
        body = _SANDBOX.parse(text.strip()).body
    except jinja2.TemplateSyntaxError as problem:
        raise BrokenExpression(f"{_short(text)}: {problem.message}") from problem
    only = body[0] if len(body) == 1 else None
    single = (
        isinstance(only, nodes.Output) and len(only.nodes) == 1 and not isinstance(only.nodes[0], nodes.TemplateData)
    )
    return match[1] if single else None


@lru_cache(_KEPT)
def _expression(text: str) -> Callable[..., Any]:
    try:
        return _SANDBOX.compile_expression(text, undefined_to_none=False)
    except jinja2.TemplateSyntaxError as problem:
        raise BrokenExpression(f"{_short(text)}: {problem.message}") from problem


@lru_cache(_KEPT)
def _template(text: str) -> Callable[..., Any]:
    try:
        return _SANDBOX.from_string(text).render
    except jinja2.TemplateSyntaxError as problem:
        raise BrokenExpression(f"{_short(text)}: {problem.message}") from problem


def _short(text: str) -> str:
    one = " ".join(text.split())
    return repr(one if len(one) <= 80 else f"{one[:77]}...")  # noqa: PLR2004 -- a line of an error message
