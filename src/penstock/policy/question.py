"""The gate's question to the engine: input v1, without a single secret value in it (POLICY.md §2.3)."""

from __future__ import annotations

import secrets as random_source
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from penstock.domain.policy import JudgeContext
from penstock.policy.finding import Finding
from penstock.policy.masking import Masking
from penstock.policy.paths import path_findings
from penstock.policy.reading import HINTS, Part, Reading
from penstock.policy.secrets import find, fingerprint
from penstock.policy.secrets.finding import Hit

SCHEMA = "penstock.input/v1"
_HEADER = 2_000
"""Characters of a file in which its header stands."""
_WRITTEN = frozenset({"generated", "template"})
_PROSE = frozenset({"docs", "dockerignore", "script", "config", "lock"})
"""Kinds whose content no rule reads: secrets in it are found here, and the engine need not be sent it."""


@dataclass(frozen=True)
class Question:
    """An input with what is needed to read its answer."""

    document: dict[str, Any]
    nonce: str
    readings: dict[str, Reading]
    facts: tuple[Finding, ...]
    kinds: set[str]
    masking: Masking
    """Keeps the values of secrets out of everything that is shown."""


def question(readings: Sequence[Reading], context: JudgeContext, key: bytes, rules: frozenset[str]) -> Question:
    """Build the input for a set of files. ``rules``: the catalogue's ids; every fact but a hint must have its rule."""
    nonce = random_source.token_hex(8)
    hits = {reading.path: _hits(reading) for reading in readings}
    masking = Masking([hit for each in hits.values() for hit in each], key)
    secrets = [_fact(hit, reading.path, key) for reading in readings for hit in hits[reading.path]]
    parsed = [fact for reading in readings for fact in _parse_facts(reading) if _has_rule(fact, rules)]
    written = [reading.path for reading in readings if reading.origin in _WRITTEN]
    secret_facts, parse_facts = (_masked_facts(each, masking) for each in (secrets, parsed))
    path_facts = path_findings(written, context.write_allow)
    document = {
        "schema": SCHEMA,
        "profile": context.profile.value,
        "now": context.now,
        "org": {
            "id": context.org_id,
            "registries": list(context.registries),
            "write_allow": list(context.write_allow),
        },
        "service": {"name": context.service_name or "", "public": context.public},
        "artifacts": [_artifact(reading, part, masking) for reading in readings for part in reading.parts],
        "facts": {
            "secret_findings": [fact.as_fact() for fact in secret_facts],
            "parse_findings": [fact.as_fact() for fact in parse_facts],
            "path_findings": [fact.as_fact() for fact in path_facts],
            "repo_paths": sorted({*context.repo_paths, *(reading.path for reading in readings)}),
            "selftest": nonce,
        },
    }
    kinds = {part.kind for reading in readings for part in reading.parts}
    facts = (*secret_facts, *parse_facts, *path_facts)
    return Question(document, nonce, {reading.path: reading for reading in readings}, facts, kinds, masking)


def _has_rule(fact: Finding, rules: frozenset[str]) -> bool:
    """Whether a fact goes to the engine. Only hints may be without a rule: anything else is then missed, loudly."""
    return fact.rule not in HINTS or fact.rule in rules


def _hits(reading: Reading) -> list[Hit]:
    documents = [(part.index, part.document) for part in reading.parts if part.document is not None]
    stages = next((part.stages for part in reading.parts if part.stages is not None), None)
    return find(reading.text, path=reading.path, documents=documents or None, stages=stages)


def _fact(hit: Hit, path: str, key: bytes) -> Finding:
    return Finding(
        path, hit.line, hit.column, hit.rule, hit.pointer, hit.detail, hit.index, fingerprint(hit.value, key)
    )


def _parse_facts(reading: Reading) -> list[Finding]:
    of_parts = [fact.of(reading.path, part.index) for part in reading.parts for fact in part.findings]
    return [fact.of(reading.path, 0) for fact in reading.findings] + of_parts


def _masked_facts(facts: Sequence[Finding], masking: Masking) -> list[Finding]:
    """Return the facts with no secret in what is shown of them: a key of the file may hold one, too."""
    return [replace(fact, pointer=masking.text(fact.pointer), detail=masking.text(fact.detail)) for fact in facts]


def _artifact(reading: Reading, part: Part, masking: Masking) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "path": reading.path,
        "kind": part.kind,
        "index": part.index,
        "origin": reading.origin,
        "sha256": reading.sha256,
        "header": masking.document(_header(reading.text)),
        "doc": None if part.kind in _PROSE else masking.document(part.value),
    }
    if part.patch:
        artifact["patch"] = True
    if part.stages is not None:
        artifact |= {key: masking.document(value) for key, value in part.stages.as_data().items()}
    return artifact


def _header(text: str) -> str:
    """Return the comment lines a file begins with: where generated files say what they were made from."""
    lines = text.removeprefix("\ufeff")[:_HEADER].split("\n")
    return "\n".join(takewhile(lambda line: line.startswith("#"), lines))
