"""Cloud Build and Cloud Deploy files held strictly against Google's own message types (INTEROP.md §4.1, §4.2).

A walk over the descriptors names every fault with its pointer and spells keys in camelCase; protobuf's own strict
parser then has the last word on everything that the walk itself cannot be sure of, so nothing it refuses can pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
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
_PLAIN = frozenset({"string", "bool", "enum"})
"""Kinds that the walk judges as protobuf does."""
_SURROGATE = re.compile("[\ud800-\udfff]")
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
            json_format.ParseDict(_unsure(camel, message.DESCRIPTOR), message(), ignore_unknown_fields=False)
        except (json_format.ParseError, TypeError, ValueError, RecursionError) as problem:
            walk.findings.append(here(RULE, str(problem).partition("\n")[0][:200]))
    return Checked(camel, walk.findings[:_MAX_FAULTS])


@dataclass(frozen=True, slots=True)
class _Field:
    """What the walk needs of a field, read from its descriptor once."""

    name: str
    kind: str
    message: Any
    """Descriptor of the message it holds, if it holds one of the API's own."""
    duration: bool
    repeated: bool
    group: str | None
    """The oneof it belongs to."""
    inner: _Field | None
    """The values of a map."""
    enum: tuple[str, ...]


@cache
def _fields(descriptor: Any) -> dict[str, _Field]:
    """Return the fields of a message by each of their spellings; camelCase goes first."""
    read = {known.name: _field(known) for known in descriptor.fields}
    camel = {name: read[known.name] for name, known in descriptor.fields_by_camelcase_name.items()}
    return {**read, **camel}


def _field(known: Any) -> _Field:
    kind, message = _TYPE_NAMES.get(known.type, "message"), known.message_type
    group = known.containing_oneof
    is_map = bool(message and message.GetOptions().map_entry)
    return _Field(
        name=known.json_name,
        kind=kind,
        message=message if message and not message.full_name.startswith("google.protobuf.") else None,
        duration=bool(message and message.full_name == "google.protobuf.Duration"),
        repeated=known.is_repeated,
        group=group.name if group is not None else None,
        inner=_field(message.fields_by_name["value"]) if is_map else None,
        enum=tuple(each.name for each in known.enum_type.values) if kind == "enum" else (),
    )


def _unsure(value: dict[str, Any], descriptor: Any) -> dict[str, Any]:
    """Return a message that has no fault to the walk, without what protobuf cannot see otherwise (``_is_sure``)."""
    left, fields = {}, _fields(descriptor)
    for key, each in value.items():
        field_ = fields[key]
        if each is None or _is_sure(each, field_):
            continue
        if field_.message is None or field_.inner is not None:
            left[key] = _without_nulls(each)
        elif field_.repeated:
            left[key] = [_unsure(entry, field_.message) for entry in each]
        else:
            left[key] = _unsure(each, field_.message)
    return left


def _is_sure(value: Any, field_: _Field) -> bool:
    """Whether a value without a fault is a text, a truth or the name of an enum's value, or a list or map of these."""
    if field_.inner is not None:
        return field_.inner.kind in _PLAIN and all(map(_is_text, value)) and all(map(_is_plain, value.values()))
    if field_.kind not in _PLAIN:
        return False
    return all(map(_is_plain, value)) if field_.repeated else _is_plain(value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool) or _is_text(value)


def _is_text(value: Any) -> bool:
    """Whether protobuf takes a text: it has no half of a surrogate pair."""
    return isinstance(value, str) and (value.isascii() or not _SURROGATE.search(value))


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
        fields = _fields(descriptor)
        for key, each in value.items():
            known = fields.get(key)
            if known is None:
                self.fault(f"{pointer}/{escape(key)}", f"{key[:80]} is not a field of {descriptor.name}")
                camel[key] = each
                continue
            name = known.name
            here_pointer = f"{pointer}/{escape(name)}"
            if name in camel:
                self.fault(here_pointer, f"{name} is given twice, in camelCase and in snake_case")
            self._exclusive(known, chosen, here_pointer, each)
            camel[name] = self.field(each, known, here_pointer)
        return camel

    def _exclusive(self, known: _Field, chosen: dict[str, str], pointer: str, value: Any) -> None:
        if known.group is None or value is None:
            return
        other = chosen.setdefault(known.group, known.name)
        if other != known.name:
            self.fault(pointer, f"{known.name} and {other} exclude each other")

    def field(self, value: Any, known: _Field, pointer: str) -> Any:
        if value is None:
            return None
        if known.inner is not None:
            return self._map(value, known.inner, pointer)
        if known.repeated:
            if not isinstance(value, list):
                self.fault(pointer, f"{_last(pointer)} must be a list, not {_kind_of(value)}")
                return value
            return [self.single(each, known, f"{pointer}/{index}") for index, each in enumerate(value)]
        return self.single(value, known, pointer)

    def _map(self, value: Any, inner: _Field, pointer: str) -> Any:
        if not isinstance(value, dict):
            self.fault(pointer, f"{_last(pointer)} must be a mapping, not {_kind_of(value)}")
            return value
        return {
            key: None if each is None else self.single(each, inner, f"{pointer}/{escape(key)}")
            for key, each in value.items()
        }

    def single(self, value: Any, known: _Field, pointer: str) -> Any:
        if known.message is not None:
            return self.message(value, known.message, pointer)
        wanted = _wanted(value, known)
        if wanted:
            self.fault(pointer, f"{_last(pointer)} must be {wanted}, not {_shown(value)}")
        return value


def _wanted(value: Any, known: _Field) -> str | None:
    """Return what should stand there, None when the value fits."""
    kind = known.kind
    if kind == "string":
        return None if isinstance(value, str) else "a string (quote it)"
    if kind == "bool":
        return None if isinstance(value, bool) else "true or false"
    if kind in _INTEGERS:
        fits = (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and _digits(value))
        return None if fits else "a whole number"
    if kind == "enum":
        return None if value in known.enum else f"one of {', '.join(known.enum[:12])}"
    if known.duration:
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
