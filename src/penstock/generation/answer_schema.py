"""The JSON schema of a model's answer: Changes in the subset that structured output takes.

Structured output refuses bounds of numbers and lengths, patterns of some kinds, open objects, and more than 16 fields
of several types or 24 that may be missing. So a single value that says nothing is the empty text here (numbers and
yes/no are texts too), every field is required but for the few where empty and missing differ, rules go into
descriptions, and generation/answers.py reads it all back. The bounds are checked there, by Changes itself.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from penstock.domain.changes import Changes

_OPEN = {
    "EnvironmentChange": ("canary",),
    "StepChange": ("lanes", "after", "env", "secret_env"),
    "Changes": ("environments",),
}
"""Fields that may be missing: there an empty list says something else than none."""
_RULES = {
    "pattern": "matches {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}
_AS_IS = 'empty text ("") leaves it as it is'
_VARIABLES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
        "required": ["name", "value"],
        "additionalProperties": False,
    },
}


@cache
def _built() -> dict[str, Any]:
    whole = Changes.model_json_schema(mode="validation")
    shapes = {**whole.pop("$defs"), "Changes": whole}
    written = {name: _object(name, shape) for name, shape in shapes.items()}
    root = written.pop("Changes")
    return {**root, "$defs": {name: written[name] for name in sorted(written)}}


def answer_schema() -> dict[str, Any]:
    """Return the schema; it is the same for every request, so what is compiled from it can be kept."""
    import copy

    return copy.deepcopy(_built())


def answer_of(changes: Changes) -> dict[str, Any]:
    """Return changes as an answer by the schema: what changes_from() reads back as the same changes."""
    whole: dict[str, Any] = _answer(changes.model_dump(mode="json"), _built(), _built()["$defs"])
    return whole


def _object(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    open_fields = _OPEN.get(name, ())
    properties = {field: _field(given, missing=field in open_fields) for field, given in shape["properties"].items()}
    return {
        "type": "object",
        **({"description": " ".join(shape["description"].split())} if "description" in shape else {}),
        "properties": properties,
        "required": [field for field in properties if field not in open_fields],
        "additionalProperties": False,
    }


def _field(given: dict[str, Any], *, missing: bool) -> dict[str, Any]:
    choices = [each for each in given.get("anyOf", [given]) if each.get("type") != "null"]
    nullable = len(choices) < len(given.get("anyOf", [given]))
    return _value(choices[0] if "anyOf" in given else given, empty=nullable and not missing)


def _value(given: dict[str, Any], *, empty: bool) -> dict[str, Any]:
    """Return one value's schema; ``empty``: it may say nothing, and says so by an empty text."""
    if "$ref" in given:
        return {"$ref": given["$ref"]}
    kind = given.get("type")
    if kind == "array":
        return _described({"type": "array", "items": _value(given["items"], empty=False)}, given, [])
    if kind == "object":
        return dict(_VARIABLES)
    return _single(given, empty=empty)


def _single(given: dict[str, Any], *, empty: bool) -> dict[str, Any]:
    kind, hints = str(given.get("type")), [_AS_IS] if empty else []
    if "enum" in given:
        return _described({"enum": [*given["enum"], *([""] if empty else [])]}, {}, hints)
    if kind == "boolean" and empty:
        return _described({"enum": ["yes", "no", ""]}, {}, hints)
    if kind == "integer" and empty:
        return _described({"type": "string"}, given, ["a whole number in digits", *hints])
    return _described({"type": kind}, given, hints)


def _described(schema: dict[str, Any], given: dict[str, Any], hints: list[str]) -> dict[str, Any]:
    rules = [words.format(given[rule]) for rule, words in _RULES.items() if rule in given]
    said = "; ".join([*rules, *hints])
    return {**schema, "description": f"{said[0].upper()}{said[1:]}."} if said else schema


def _answer(value: Any, schema: dict[str, Any], shapes: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _answer(value, shapes[schema["$ref"].rpartition("/")[2]], shapes)
    if schema.get("type") == "array":
        if isinstance(value, dict):
            return [{"name": name, "value": each} for name, each in value.items()]
        return [_answer(each, schema["items"], shapes) for each in value or []]
    if schema.get("type") == "object":
        return {
            name: _answer(value[name], below, shapes)
            for name, below in schema["properties"].items()
            if value[name] is not None or name in schema["required"]
        }
    return _said(value, schema)


def _said(value: Any, schema: dict[str, Any]) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool) and "enum" in schema:
        return "yes" if value else "no"
    return str(value) if schema.get("type") == "string" and isinstance(value, int) else value
