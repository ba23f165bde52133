"""Golden sentences: read from their file, made into facts, and compared with what a reader or a model answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from penstock.detection import detect
from penstock.detection.tree import LocalTree
from penstock.domain.changes import Changes
from penstock.domain.facts import EnvVar, Fact, RepositoryFacts, ServiceFacts, Source, Task

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
SENTENCES = HERE / "golden_sentences.yaml"
SAID = frozenset({"assumptions", "questions", "not_understood"})
WORDING = frozenset({"title"})
"""Fields in which two right answers may differ."""
TOLD = frozenset({"notes"})
"""Fields that are sentences for people: what counts is that there is one."""
_KEYS = ("name", "id", "env", "event", "channel", "path")
"""What an entry of a list goes by."""
REACHED, PARTLY, NO = "reached", "partly", "no"


@dataclass(frozen=True)
class Golden:
    """One sentence with what it must cause. ``alone``: the reader without a model must reach it."""

    id: str
    kind: str
    repository: str
    sentence: str
    expect: Changes
    alone: bool
    says: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """How near an answer came, and what it does not say that it must."""

    verdict: str
    unsaid: tuple[str, ...] = ()


def goldens() -> tuple[Golden, ...]:
    """Return all golden sentences. Raises ValidationError where one expects what no Changes can hold."""
    return tuple(
        Golden(
            each["id"],
            each["kind"],
            each["for"],
            each["sentence"],
            Changes.model_validate(each["expect"]),
            each["alone"],
            tuple(each.get("says", ())),
        )
        for each in _document()["sentences"]
    )


@cache
def facts_for(repository: str) -> RepositoryFacts:
    """Return the facts of an example, or of a fixture of the file."""
    fixtures = _document()["fixtures"]
    if repository not in fixtures:
        return detect(LocalTree(EXAMPLES / repository), name=repository)
    services = tuple(_service(each) for each in fixtures[repository]["services"])
    return RepositoryFacts(name=repository, deployable=True, primary=services[0], services=services)


def score(golden: Golden, answer: Changes) -> Score:
    """Compare an answer with what the sentence must cause, wording aside."""
    said = "\n".join((*answer.assumptions, *answer.questions, *answer.not_understood))
    unsaid = tuple(part for part in golden.says if part not in said)
    wanted, got = set(_flat(_plain(golden.expect))), set(_flat(_plain(answer)))
    if wanted == got:
        return Score(REACHED, unsaid)
    return Score(PARTLY if wanted & got else NO, unsaid)


def differences(golden: Golden, answer: Changes) -> list[str]:
    """Return what is missing (-) and what is too much (+), a line each."""
    wanted, got = set(_flat(_plain(golden.expect))), set(_flat(_plain(answer)))
    missing = [f"- {path}: {value}" for path, value in sorted(wanted - got)]
    return missing + [f"+ {path}: {value}" for path, value in sorted(got - wanted)]


def in_short(changes: Changes) -> str:
    """Return changes as one line for a table."""
    return "; ".join(_phrase(key, value) for key, value in _plain(changes).items()) or "nothing changes"


def _phrase(key: str, value: Any) -> str:
    """Return one field in words: a list of entries by their names, what is said of each behind it."""
    if isinstance(value, bool):
        return key if value else f"not {key}"
    if not isinstance(value, list):
        return f"{key} {value}"
    if not all(isinstance(each, Mapping) for each in value):
        return f"{key} {', '.join(map(str, value)) or 'none'}"
    entries = []
    for each in value:
        name = next((field for field in _KEYS if field in each), "")
        rest = "; ".join(_phrase(field, inner) for field, inner in each.items() if field not in {name, *WORDING})
        entries.append(f"{each.get(name, '')} ({rest})" if rest else str(each.get(name, "")))
    return f"{key}: {', '.join(entries)}"


def _plain(changes: Changes) -> dict[str, Any]:
    return changes.model_dump(mode="json", exclude=set(SAID), exclude_defaults=True, exclude_none=True)


def _flat(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Yield every leaf with its path; entries of lists go by their name, lists of plain values are one leaf."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in WORDING:
                yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        for index, each in enumerate(value):
            key = next((str(each[key]) for key in _KEYS if key in each), str(index))
            place = f"{path}[{index}]" if path in {"environments", "add_triggers"} else path
            yield from _flat(each, f"{place}.{key}")
    elif path in TOLD:
        yield path, "something"
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value)) or "none"
    else:
        yield path, " ".join(str(value).split())


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))
    return document


def _service(given: Mapping[str, Any]) -> ServiceFacts:
    source = Source("golden_sentences.yaml")
    facts = ("language", "framework", "package_manager", "test_command", "lint_command")
    return ServiceFacts(
        path=given.get("path", "."),
        name=given["name"],
        kind=given.get("kind", "web"),
        ecosystem=given["ecosystem"],
        env=tuple(EnvVar(name, source) for name in given.get("env", ())),
        tasks=tuple(Task(name, command, source) for name, command in given.get("tasks", {}).items()),
        **{field: Fact(given[field], source) for field in facts if field in given},
    )
