"""The front matter of SKILL.md: read leniently, as every client of the format does; published only when it is strict.

Values are taken as they are written (``version: 1.10`` stays ``1.10``), since the format knows strings only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from penstock.kit.guarded_yaml import YamlDocument, YamlProblem, load_documents

ROLES = ("foundation", "language", "image", "runtime", "supply-chain")
"""What a skill can be in a pipeline, in the order skills are composed."""
_MAX_BYTES = 65_536
_MAX_NAME = 64
_MAX_DESCRIPTION = 1024
_MAX_COMPATIBILITY = 500
_MAX_BODY_LINES = 500
_KNOWN = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
_OUR_METADATA = frozenset({"version", "role", "languages", "targets", "keywords", "requires"})
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}(?:-[0-9a-z]+(?:[.-][0-9a-z]+)*)?")
_WORDS = re.compile(r"[a-z0-9][a-z0-9.+#-]*(?: [a-z0-9][a-z0-9.+#-]*)*")
_FENCE = re.compile(r"---[ \t]*")
_UNQUOTED = re.compile(r"([A-Za-z][\w-]*):[ \t]+([^\s\"'|>\[{&*!%@`#].*:.*)")
_STR = "tag:yaml.org,2002:str"


class FrontMatterProblem(ValueError):
    """A SKILL.md that cannot be used at all: the reason in words."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands above the instructions. ``warnings`` says what was read with a shrug."""

    name: str
    description: str
    body: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)
    """Further top-level keys with plain values, known or not."""
    warnings: tuple[str, ...] = ()

    def words(self, key: str) -> tuple[str, ...]:
        """Return a metadata value that is a list of words separated by spaces."""
        return tuple(self.metadata.get(key, "").split())


def parse(text: str, *, folder: str = "") -> FrontMatter:
    """Read SKILL.md. Raises FrontMatterProblem when there is no front matter, no YAML in it, or no description."""
    head, body = _split(text)
    document, warnings = _read(head)
    plain, metadata, odd = _values(document)
    warnings += odd
    description = plain.pop("description", "").strip()
    if not description:
        raise FrontMatterProblem("SKILL.md has no description")
    name = plain.pop("name", "").strip()
    if folder and name != folder:
        warnings.append(f"the name is {name!r} and the folder {folder!r}; the folder counts")
    if len(description) > _MAX_DESCRIPTION:
        warnings.append(f"the description has {len(description)} characters, more than {_MAX_DESCRIPTION}")
    return FrontMatter(folder or name, description, body, metadata, plain, tuple(warnings))


def faults(text: str, *, folder: str) -> list[str]:
    """Return everything that keeps SKILL.md from being published, in words; an empty list when it is fine."""
    try:
        found = parse(text)
    except FrontMatterProblem as problem:
        return [str(problem)]
    return [
        *found.warnings,
        *_name_faults(found.name, folder),
        *_text_faults(found),
        *_metadata_faults(found),
        *_body_faults(found.body),
    ]


def _split(text: str) -> tuple[str, str]:
    """Cut at the two lines that are nothing but ``---``; the same signs inside a value cut nothing."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not _FENCE.fullmatch(lines[0]):
        raise FrontMatterProblem("SKILL.md does not begin with a line ---")
    end = next((number for number, line in enumerate(lines[1:], 1) if _FENCE.fullmatch(line)), None)
    if end is None:
        raise FrontMatterProblem("SKILL.md has no second line --- that ends the front matter")
    return "\n".join(lines[1:end]), "\n".join(lines[end + 1 :]).strip("\n")


def _read(head: str) -> tuple[YamlDocument, list[str]]:
    """Parse the YAML; a value with a colon that somebody forgot to quote is quoted and read again."""
    warnings: list[str] = []
    try:
        documents = load_documents(head, max_bytes=_MAX_BYTES)
    except YamlProblem as problem:
        quoted = "\n".join(_quoted(line) for line in head.split("\n"))
        try:
            documents = load_documents(quoted, max_bytes=_MAX_BYTES)
        except YamlProblem:
            raise FrontMatterProblem(f"the front matter of SKILL.md is not YAML: {problem}") from None
        warnings.append("a value that holds a colon is not quoted")
    if len(documents) != 1 or not isinstance(documents[0].root, yaml.MappingNode):
        raise FrontMatterProblem("the front matter of SKILL.md is no mapping")
    warnings += [each.detail for each in documents[0].findings if each.kind in {"duplicate-key", "merge-key"}]
    return documents[0], warnings


def _quoted(line: str) -> str:
    found = _UNQUOTED.fullmatch(line)
    return f"{found[1]}: {json.dumps(found[2].rstrip(), ensure_ascii=False)}" if found else line


def _values(document: YamlDocument) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return top-level texts, metadata texts, and what was no text."""
    plain: dict[str, str] = {}
    metadata: dict[str, str] = {}
    odd: list[str] = []
    for key, node in _entries(document.root):
        if isinstance(node, yaml.ScalarNode):
            plain[key] = _text(key, node, odd)
        elif key == "metadata" and isinstance(node, yaml.MappingNode):
            for inner, value in _entries(node):
                if isinstance(value, yaml.ScalarNode):
                    metadata[inner] = _text(f"metadata.{inner}", value, odd)
                else:
                    odd.append(f"metadata.{inner} is no text")
        else:
            odd.append(f"{key} is no text")
    return plain, metadata, odd


def _entries(node: Any) -> list[tuple[str, Any]]:
    return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


def _text(key: str, node: yaml.ScalarNode, odd: list[str]) -> str:
    if node.tag != _STR:
        odd.append(f"{key} is no text to every reader; quote it")
    return str(node.value)


def _name_faults(name: str, folder: str) -> list[str]:
    found = []
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        found.append(f"name: 1 to {_MAX_NAME} small letters, digits and single hyphens inside")
    if name != folder:
        found.append(f"name: {name!r} is not the folder's name {folder!r}")
    return found


def _text_faults(found: FrontMatter) -> list[str]:
    unknown = sorted(set(found.other) - _KNOWN)
    said = [f"{key[:_MAX_NAME]}: no field of the format; put it under metadata" for key in unknown]
    if "<" in found.description or ">" in found.description:
        said.append("description: no < or >")
    compatibility = found.other.get("compatibility")
    if compatibility is not None and not 1 <= len(compatibility) <= _MAX_COMPATIBILITY:
        said.append(f"compatibility: 1 to {_MAX_COMPATIBILITY} characters")
    return said


def _metadata_faults(found: FrontMatter) -> list[str]:
    about = found.metadata
    said = []
    if not _VERSION.fullmatch(about.get("version", "")):
        said.append('metadata.version: a semantic version in quotes, as "1.0.0"')
    if about.get("role") not in ROLES:
        said.append(f"metadata.role: one of {', '.join(ROLES)}")
    said += [
        f"metadata.{key}: small words separated by single spaces"
        for key in sorted((_OUR_METADATA - {"version", "role"}) & set(about))
        if not _WORDS.fullmatch(about[key])
    ]
    if about.get("role") == "language" and not found.words("languages"):
        said.append("metadata.languages: a language skill names its languages")
    if about.get("role") == "runtime" and not found.words("targets"):
        said.append("metadata.targets: a runtime skill names its targets")
    return said


def _body_faults(body: str) -> list[str]:
    if not body.strip():
        return ["there are no instructions below the front matter"]
    lines = body.count("\n") + 1
    return [f"the instructions have {lines} lines, {_MAX_BODY_LINES} at most"] if lines > _MAX_BODY_LINES else []
