"""Cloud Build and Cloud Deploy files held strictly against Google's own message types (INTEROP.md §4.1, §4.2).

A walk over the descriptors names every fault with its pointer and spells keys in camelCase; protobuf's own strict
parser then has the last word, so nothing it refuses can pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from penstock.kit.guarded_yaml import escape
from penstock.policy.cloud_descriptors import BUILD, DEPLOY_KINDS, message_class
from penstock.policy.finding import Finding, here

RULE = "security.pipeline.schema"
_DURATION = re.compile(r"^-?[0-9]{1,12}(?:\.[0-9]{1,9})?s$")
# The head that every Cloud Deploy document has and no message knows.
_DEPLOY_HEAD = frozenset({"apiVersion", "kind", "metadata"})
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64"})
_MAX_FAULTS = 30
_TYPE_NAMES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
    11: "message", 12: "bytes", 13: "uint32", 14: "enum", 15: "fixed32", 16: "fixed64", 17: "sint32", 18: "sint64",
}  # fmt: skip
"""Field types by their numbers in descriptor.proto."""


@dataclass
class Checked:
    """A message with its keys in camelCase, and what was wrong with it."""

    value: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)


def check_build(value: dict[str, Any]) -> Checked:
    """Hold a parsed cloudbuild.yaml against ``google.devtools.cloudbuild.v1.Build``."""
    return _checked(value, BUILD)


def check_deploy(value: dict[str, Any]) -> Checked:
    """Hold one document of a clouddeploy.yaml against the message of its kind; metadata is kept as it stands."""
    full_name = DEPLOY_KINDS.get(str(value.get("kind")))
    if full_name is None:
        kinds = ", ".join(DEPLOY_KINDS)
        return Checked(value, [here(RULE, f"kind must be one of {kinds}", pointer="/kind")])
    head = {key: each for key, each in value.items() if key in _DEPLOY_HEAD}
    body = {key: each for key, each in value.items() if key not in _DEPLOY_HEAD}
    checked = _checked(_as_api(body) if value.get("kind") == "Automation" else body, full_name)
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        checked.findings.append(here(RULE, "metadata.name is missing", pointer="/metadata"))
    return Checked({**head, **checked.value}, checked.findings)


def _as_api(body: dict[str, Any]) -> dict[str, Any]:
    """Turn what only the configuration file of an Automation says differently into the API's words."""
    body = dict(body)
    selector = body.get("selector")
    if isinstance(selector, list):
        body["selector"] = {
            "targets": [each.get("target", each) if isinstance(each, dict) else each for each in selector]
        }
    rules = body.get("rules")
    if isinstance(rules, list):
        body["rules"] = [_rule_as_api(rule) for rule in rules]
    return body


def _rule_as_api(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    return {
        kind: {"id" if key == "name" else key: each for key, each in inner.items()}
        if isinstance(inner, dict)
        else inner
        for kind, inner in rule.items()
    }


def _checked(value: dict[str, Any], full_name: str) -> Checked:
    from google.protobuf import json_format

    message = message_class(full_name)
    walk = _Walk()
    camel = walk.message(value, message.DESCRIPTOR, "")
    if not walk.findings:
        try:
            json_format.ParseDict(_without_nulls(camel), message(), ignore_unknown_fields=False)
        except (json_format.ParseError, TypeError, ValueError, RecursionError) as problem:
            walk.findings.append(here(RULE, str(problem).partition("\n")[0][:200]))
    return Checked(camel, walk.findings[:_MAX_FAULTS])


def _without_nulls(value: Any) -> Any:
    """Drop nulls: for a message field they mean "not set", and substitutions may have an empty default."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


class _Walk:
    """Collects faults with their pointers."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def fault(self, pointer: str, detail: str) -> None:
        self.findings.append(here(RULE, detail, pointer=pointer))

    def message(self, value: Any, descriptor: Any, pointer: str) -> Any:
        if not isinstance(value, dict):
            self.fault(pointer, f"{_last(pointer)} must be a mapping, not {_kind_of(value)}")
            return value
        camel: dict[str, Any] = {}
        chosen: dict[str, str] = {}
        for key, each in value.items():
            known = _field(descriptor, key)
            if known is None:
                self.fault(f"{pointer}/{escape(key)}", f"{key[:80]} is not a field of {descriptor.name}")
                camel[key] = each
                continue
            name = known.json_name
            here_pointer = f"{pointer}/{escape(name)}"
            if name in camel:
                self.fault(here_pointer, f"{name} is given twice, in camelCase and in snake_case")
            self._exclusive(known, chosen, here_pointer, each)
            camel[name] = self.field(each, known, here_pointer)
        return camel

    def _exclusive(self, known: Any, chosen: dict[str, str], pointer: str, value: Any) -> None:
        group = known.containing_oneof
        if group is None or value is None:
            return
        other = chosen.setdefault(group.name, known.json_name)
        if other != known.json_name:
            self.fault(pointer, f"{known.json_name} and {other} exclude each other")

    def field(self, value: Any, known: Any, pointer: str) -> Any:
        if value is None:
            return None
        if _is_map(known):
            return self._map(value, known, pointer)
        if known.is_repeated:
            if not isinstance(value, list):
                self.fault(pointer, f"{_last(pointer)} must be a list, not {_kind_of(value)}")
                return value
            return [self.single(each, known, f"{pointer}/{index}") for index, each in enumerate(value)]
        return self.single(value, known, pointer)

    def _map(self, value: Any, known: Any, pointer: str) -> Any:
        if not isinstance(value, dict):
            self.fault(pointer, f"{_last(pointer)} must be a mapping, not {_kind_of(value)}")
            return value
        inner = known.message_type.fields_by_name["value"]
        return {
            key: None if each is None else self.single(each, inner, f"{pointer}/{escape(key)}")
            for key, each in value.items()
        }

    def single(self, value: Any, known: Any, pointer: str) -> Any:
        kind = _TYPE_NAMES.get(known.type, "message")
        if kind == "message" and not known.message_type.full_name.startswith("google.protobuf."):
            return self.message(value, known.message_type, pointer)
        wanted = _wanted(value, kind, known)
        if wanted:
            self.fault(pointer, f"{_last(pointer)} must be {wanted}, not {_shown(value)}")
        return value


def _field(descriptor: Any, key: str) -> Any:
    return descriptor.fields_by_camelcase_name.get(key) or descriptor.fields_by_name.get(key)


def _is_map(known: Any) -> bool:
    return bool(known.message_type and known.message_type.GetOptions().map_entry)


def _wanted(value: Any, kind: str, known: Any) -> str | None:
    """Return what should stand there, None when the value fits."""
    if kind == "string":
        return None if isinstance(value, str) else "a string (quote it)"
    if kind == "bool":
        return None if isinstance(value, bool) else "true or false"
    if kind in _INTEGERS:
        fits = (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and _digits(value))
        return None if fits else "a whole number"
    if kind == "enum":
        names = [each.name for each in known.enum_type.values]
        return None if value in names else f"one of {', '.join(names[:12])}"
    if kind == "message" and known.message_type.full_name == "google.protobuf.Duration":
        return None if isinstance(value, str) and _DURATION.match(value) else 'a duration in seconds such as "1200s"'
    return None


def _digits(value: str) -> bool:
    return value.isascii() and value.removeprefix("-").isdigit()


def _last(pointer: str) -> str:
    name = pointer.rpartition("/")[2]
    if name.isdigit():
        return f"entry {name} of {_last(pointer.rpartition('/')[0])}"
    return name[:80] or "the document"


def _kind_of(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    """Strings may hold anything, also a secret: only their kind is told."""
    return _kind_of(value) if isinstance(value, str | dict | list) else f"{_kind_of(value)} ({str(value)[:20]})"
