"""A model's answer read as Changes: what is wrong with it is said in words that can be sent back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from penstock.domain.changes import Changes, StepAdd, StepChange
from penstock.generation.answer_schema import answer_of, answer_schema
from penstock.generation.change_problems import problems_of

__all__ = ["UnusableAnswer", "answer_of", "answer_schema", "changes_from", "problems_of"]

MAX_ANSWER = 256 * 1024
"""Bytes of an answer."""
_DEEPEST = 24
_MOST_REASONS = 10
_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


class UnusableAnswer(ValueError):
    """An answer nothing can be made of. ``reasons`` say why, without quoting it at length."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))


def changes_from(answer: str) -> Changes:
    """Return the changes that an answer holds. Raises UnusableAnswer.

    Null, an empty text and a missing field mean the same where a field may be missing; ``env`` may be a list of names
    and values (answer_schema) or an object.
    """
    document = _document(answer)
    if not isinstance(document, dict):
        raise UnusableAnswer([f"The answer is a {_kind(document)}, not one JSON object."])
    if _depth(document) > _DEEPEST:
        raise UnusableAnswer([f"The answer nests deeper than {_DEEPEST} levels."])
    reasons: list[str] = []
    plain = _plain(document, Changes, "", reasons)
    if reasons:
        raise UnusableAnswer(reasons[:_MOST_REASONS])
    try:
        return Changes.model_validate(plain)
    except ValidationError as problem:
        raise UnusableAnswer(_complaints(problem)) from None


def _document(answer: str) -> Any:
    text = answer.strip()
    if not text:
        raise UnusableAnswer(["The answer is empty."])
    if len(text.encode("utf-8", "surrogatepass")) > MAX_ANSWER:
        raise UnusableAnswer([f"The answer is longer than {MAX_ANSWER // 1024} KiB."])
    fenced = _FENCED.fullmatch(text)
    try:
        return json.loads(fenced[1] if fenced else text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise UnusableAnswer([f"The answer nests deeper than {_DEEPEST} levels."]) from None
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise UnusableAnswer([f"The answer is not JSON: {problem.msg} at {place}."]) from None
    except ValueError as problem:
        reason = str(problem) if isinstance(problem, _Refused) else "a number has too many digits"
        raise UnusableAnswer([f"The answer is not JSON that can be used: {reason}."]) from None


class _Refused(ValueError):
    """JSON that parsers read differently."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {_short(twice)} stands twice in one object"
        raise _Refused(message)
    return found


def _no_constant(name: str) -> Any:
    message = f"{name} is no number"
    raise _Refused(message)


def _plain(value: Any, model: type[BaseModel], place: str, reasons: list[str]) -> Any:
    """Return an object as its model takes it: without what says nothing, and with ``env`` as an object."""
    if not isinstance(value, dict):
        return value
    plain: dict[str, Any] = {}
    for name, given in value.items():
        at = f"{place}.{name}".lstrip(".")
        field = model.model_fields.get(name)
        if field is None:
            plain[name] = given
        elif given is None or (given == "" and field.default is None):
            if field.is_required():
                plain[name] = given
        elif name == "env" and model in (StepAdd, StepChange):
            plain[name] = _variables(given, at, reasons)
        else:
            below = _model_in(field.annotation)
            plain[name] = (
                [_plain(each, below, f"{at}[{index}]", reasons) for index, each in enumerate(given)]
                if below is not None and isinstance(given, list)
                else given
            )
    return plain


def _variables(given: Any, place: str, reasons: list[str]) -> Any:
    if not isinstance(given, list):
        return given
    found: dict[str, Any] = {}
    for index, each in enumerate(given):
        if not isinstance(each, dict) or set(each) != {"name", "value"} or not isinstance(each["name"], str):
            reasons.append(f"{place}[{index}]: it takes a name and a value")
        elif each["name"] in found:
            reasons.append(f"{place}[{index}]: {_short(each['name'])} is named twice")
        else:
            found[each["name"]] = each["value"]
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a list's type is made of (``tuple[StepAdd, ...]``), None for other types."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [
            below
            for each in level
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
    return deepest


def _complaints(problem: ValidationError) -> list[str]:
    """Return each violation as path and rule; values are not repeated, and names only where they are short."""
    found = []
    for error in problem.errors(include_url=False, include_context=True, include_input=False)[:_MOST_REASONS]:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{_short(part)}" for part in error["loc"])
        found.append(f"{place.lstrip('.') or 'The answer'}: {_rule(error)}")
    more = problem.error_count() - len(found)
    return [*found, *([f"and {more} more"] if more else [])]


def _rule(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    message: str = error["msg"].removeprefix("Value error, ")
    return message if len(message) <= 300 else f"{message[:297]}..."  # noqa: PLR2004 -- a line of a message


def _short(name: str) -> str:
    shown = name if name.isascii() and name.isprintable() else ascii(name)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 -- a line of a message


def _kind(value: Any) -> str:
    names = {"list": "list", "str": "text", "int": "number", "float": "number", "bool": "boolean", "NoneType": "null"}
    return names.get(type(value).__name__, "value")
