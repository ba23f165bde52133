"""The JSON schemas that structured outputs take (Claude docs, "Structured outputs", JSON Schema limitations)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_OPTIONAL, MAX_UNIONS = 24, 16
REFUSED = {
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "string": ("minLength", "maxLength"),
    "array": ("maxItems", "uniqueItems", "contains", "prefixItems"),
    "object": ("patternProperties", "propertyNames", "minProperties", "maxProperties", "dependentRequired"),
    "any": ("oneOf", "not", "if", "then", "else"),
}
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
EMPTY: dict[str, Any] = {"string": "", "array": [], "null": None, "boolean": False, "integer": 0, "number": 0}


def problem_of(schema: Any) -> str | None:
    """Say why the API would refuse this schema, or None."""
    if not isinstance(schema, dict) or not schema:
        return "schema: Input should be a non-empty object"
    import jsonschema_rs  # lazy: most calls of most tests send no schema

    if not jsonschema_rs.meta.is_valid(schema):
        return "schema: not a valid JSON schema"
    nodes = list(_nodes(schema))
    for node in nodes:
        if problem := _node_problem(node, schema):
            return problem
    if _recursive(schema, schema, ()):
        return "schema: recursive references are not supported"
    optional = sum(len(set(node.get("properties", {})) - set(node.get("required", []))) for node in nodes)
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in nodes)
    if optional > MAX_OPTIONAL or unions > MAX_UNIONS:
        return (
            f"schema: too complex: {optional} optional parameters (at most {MAX_OPTIONAL}), "
            f"{unions} parameters with union types (at most {MAX_UNIONS})"
        )
    return None


def least(schema: Any, root: Any = None) -> Any:
    """Return the least document a schema allows: required members only, first of every choice."""
    root = schema if root is None else root
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    for name in ("anyOf", "allOf"):
        if name in schema:
            return least(schema[name][0], root)
    if "$ref" in schema:
        return least(_target(schema["$ref"], root), root)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: least(schema["properties"][name], root) for name in schema.get("required", [])}
    return [least(schema["items"], root)] if schema.get("minItems") else EMPTY[kind]


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema, itself first; names of properties are not taken for keywords."""
    if not isinstance(schema, dict):
        return
    yield schema
    for name in ("$defs", "definitions", "properties"):
        for each in schema.get(name, {}).values():
            yield from _nodes(each)
    for name in ("anyOf", "allOf"):
        for each in schema.get(name, []):
            yield from _nodes(each)
    yield from _nodes(schema.get("items"))


def _node_problem(node: dict[str, Any], root: Any) -> str | None:
    unsupported = [(kind, name) for kind, names in REFUSED.items() for name in names if name in node]
    is_object = node.get("type") == "object" or "properties" in node
    checks = {
        f"property {unsupported} is not supported": bool(unsupported),
        "For 'object' type, 'additionalProperties' must be explicitly set to false": is_object
        and node.get("additionalProperties") is not False,
        "For 'array' type, 'minItems' values other than 0 or 1 are not supported": node.get("minItems", 0) > 1,
        "enum values must be strings, numbers, booleans or null": any(
            isinstance(each, dict | list) for each in node.get("enum", [])
        ),
        f"format {node.get('format')!r} is not supported": node.get("format", "uuid") not in FORMATS,
        f"{node.get('$ref')} names no definition in this schema": "$ref" in node
        and _target(node["$ref"], root) is None,
    }
    return next((f"schema: {problem}" for problem, wrong in checks.items() if wrong), None)


def _target(reference: str, root: Any) -> Any:
    where = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            where = where.get(part) if isinstance(where, dict) else None
    return where if reference.startswith("#") else None


def _recursive(node: Any, root: Any, above: tuple[str, ...]) -> bool:
    for each in _nodes(node) if not above else _nodes({key: node[key] for key in node if key != "$defs"}):
        reference = each.get("$ref")
        if reference and (reference in above or _recursive(_target(reference, root), root, (*above, reference))):
            return True
    return False
