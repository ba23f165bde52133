"""From bytes to what rules can judge: kind, parsed document, places, and what went wrong on the way."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.domain.policy import FileToJudge
from penstock.kit.guarded_yaml import YamlDocument, YamlProblem, load_documents
from penstock.policy import dockerfile
from penstock.policy.build_rules import build_faults, deploy_faults
from penstock.policy.build_size import sized
from penstock.policy.cloud_messages import RULE as PIPELINE_RULE
from penstock.policy.cloud_messages import check_build, check_deploy
from penstock.policy.finding import Finding, here
from penstock.policy.hidden import hidden_characters
from penstock.policy.kinds import claimed_kind, document_kind, kind_of_text
from penstock.policy.patches import mark_kustomized
from penstock.policy.places import spelled_as_written
from penstock.policy.schemas import VERSION_RULE, schema_faults

AMBIGUOUS = "integrity.yaml.ambiguous"
_YAML_RULES = {
    "duplicate-key": AMBIGUOUS,
    "non-string-key": AMBIGUOUS,
    "merge-key": f"{AMBIGUOUS}_merge",
    "divergent-scalar": f"{AMBIGUOUS}_scalar",
}
A_TEMPLATE = "a template: judge what it renders to"
_TEMPLATE = re.compile(r"\{\{|\{%|<%|@[A-Z][A-Z0-9_]*@")
HINTS = frozenset({f"{AMBIGUOUS}_merge", f"{AMBIGUOUS}_scalar", VERSION_RULE})
"""Rules that only warn; a policy library may do without them."""
MAX_FILE = 1_048_576
"""Bytes of one file that the gate reads."""
MOST_INSTRUCTIONS = 2_000
"""Instructions of a Dockerfile that the gate reads; an image has at most 127 layers."""


@dataclass
class Part:
    """One document of a file: what ``input.artifacts`` holds an entry for."""

    kind: str
    index: int = 0
    value: Any = None
    document: YamlDocument | None = None
    stages: dockerfile.Dockerfile | None = None
    findings: list[Finding] = field(default_factory=list)
    patch: bool = False
    """Whether it is a part of a manifest that kustomize merges into a whole one."""
    gets_selector: bool = False
    """Whether kustomize adds labels and selectors to it."""

    def position(self, pointer: str) -> tuple[int, int]:
        """Return line and column of a pointer into ``value``, whose keys may be spelled otherwise in the file."""
        if self.document is None:
            return 1, 1
        return self.document.position(spelled_as_written(self.document.value, pointer))


@dataclass
class Reading:
    """One file, read. ``skipped`` says why no rule understands it (then it has no parts, or one of kind unknown)."""

    path: str
    origin: str
    sha256: str
    text: str
    parts: list[Part] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    skipped: str = ""

    def part(self, index: int) -> Part | None:
        """Return the part with that index."""
        return next((part for part in self.parts if part.index == index), None)


def read(files: Sequence[FileToJudge]) -> list[Reading]:
    """Read files. Never raises on content: what cannot be read becomes a finding or a reason."""
    readings = [_parsed(file) for file in files]
    mark_kustomized(readings)
    for reading in readings:
        for part in reading.parts:
            _check(part)
        _hold_to_its_name(reading)
    return readings


def _parsed(file: FileToJudge) -> Reading:
    reading = Reading(file.path, file.origin, hashlib.sha256(file.content).hexdigest(), "")
    if len(file.content) > MAX_FILE:
        return _unreadable(reading, f"larger than {MAX_FILE} bytes")
    try:
        reading.text = file.content.decode("utf-8")
    except UnicodeDecodeError:
        reading.text = file.content.decode("utf-8", "replace").replace("\ufffd", "?")
        return _unreadable(reading, "not UTF-8")
    reading.findings += hidden_characters(reading.text)
    _parse(reading)
    return reading


def _unreadable(reading: Reading, reason: str) -> Reading:
    reading.skipped = reason
    reading.parts = [Part("unknown")]
    if claimed_kind(reading.path):
        reading.findings.append(here(AMBIGUOUS, f"it cannot be read: {reason}"))
    return reading


def _parse(reading: Reading) -> None:
    text, path = reading.text, reading.path
    if not _has_content(text):
        reading.parts, reading.skipped = [Part("unknown")], "empty, or only comments"
    elif (kind := kind_of_text(path)) in {"dockerignore", "docs"}:
        reading.parts = [Part(kind, value=text)]
    elif dockerfile.looks_like_one(text):
        _parse_dockerfile(reading)
    elif text.startswith("#!") or kind:
        reading.parts = [Part("script" if text.startswith("#!") else kind, value=text)]
    else:
        _parse_yaml(reading)


def _parse_dockerfile(reading: Reading) -> None:
    parsed = dockerfile.parse(reading.text)
    if len(parsed.instructions) > MOST_INSTRUCTIONS:
        reading.parts, reading.skipped = [Part("unknown")], f"more than {MOST_INSTRUCTIONS} instructions"
        reading.findings.append(here(AMBIGUOUS, f"it cannot be read: {reading.skipped}"))
    else:
        reading.parts = [Part("dockerfile", stages=parsed)]


def _has_content(text: str) -> bool:
    marks = ("#", "---", "...")
    return any(line.strip() and not line.strip().startswith(marks) for line in text.removeprefix("\ufeff").split("\n"))


def _parse_yaml(reading: Reading) -> None:
    try:
        documents = load_documents(reading.text)
    except YamlProblem as problem:
        if not _parse_json(reading):
            _broken_yaml(reading, problem)
        return
    for index, document in enumerate(documents):
        if document.value is None:
            continue
        kind = document_kind(document.value)
        if kind == "unknown" and isinstance(document.value, dict) and claimed_kind(reading.path) == "kustomization":
            kind = "kustomization"
        part = Part(kind, index, document.value, document)
        for each in document.findings:
            found = here(_YAML_RULES[each.kind], each.detail, line=each.line, column=each.column, pointer=each.pointer)
            part.findings.append(found)
        reading.parts.append(part)
    if all(part.kind == "unknown" for part in reading.parts):
        template = reading.origin == "existing" and _TEMPLATE.search(reading.text)
        reading.skipped = A_TEMPLATE if template else "no rule understands its content"


def _parse_json(reading: Reading) -> bool:
    """Read what is JSON but not YAML 1.1 (tabs, surrogate pairs); without positions."""
    if not reading.text.lstrip().startswith(("{", "[")):
        return False
    try:
        value = json.loads(reading.text)
    except (ValueError, RecursionError):
        return False
    reading.parts = [Part(document_kind(value), value=value)]
    return True


def _broken_yaml(reading: Reading, problem: YamlProblem) -> None:
    reading.parts = [Part("unknown")]
    reading.skipped = f"not readable: {problem}"
    if reading.origin == "existing" and _TEMPLATE.search(reading.text):
        reading.skipped = A_TEMPLATE
        return
    detail = f"it cannot be read: {problem.reason}"
    reading.findings.append(here(AMBIGUOUS, detail, line=problem.line, column=problem.column))


def _check(part: Part) -> None:
    """Hold a part against what is published about its kind; cloud messages get their keys in camelCase."""
    if part.kind == "cloudbuild":
        checked = check_build(part.value)
        part.value, too_much = sized(checked.value)
        found = [*checked.findings, *build_faults(checked.value), *too_much]
    elif part.kind == "clouddeploy":
        checked = check_deploy(part.value)
        part.value = checked.value
        found = [*checked.findings, *deploy_faults(part.value)]
    elif isinstance(part.value, dict):
        found = list(schema_faults(part.kind, part.value, partial=part.patch, gets_selector=part.gets_selector))
    else:
        return
    for each in found:
        line, column = part.position(each.pointer)
        part.findings.append(here(each.rule, each.detail, line=line, column=column, pointer=each.pointer))


def _hold_to_its_name(reading: Reading) -> None:
    """Report a file that promises one kind and holds another: it would escape the rules its reader expects (H65)."""
    claimed = claimed_kind(reading.path)
    kinds = {part.kind for part in reading.parts}
    if claimed is None or claimed in kinds or reading.findings or reading.skipped == A_TEMPLATE:
        return
    if reading.origin == "existing" and claimed not in {"cloudbuild", "clouddeploy", "dockerfile"}:
        return
    what = reading.skipped or f"its content is {', '.join(sorted(kinds)) or 'nothing'}"
    reading.findings.append(here(PIPELINE_RULE, f"the name promises {claimed}, but {what}"))
