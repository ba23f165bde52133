"""Kinds of tests: the words that ask for one, and the names its task may have in a repository."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from penstock.domain.facts import Task

_T = r"(?:[ -]?(?:tests?|suites?|testing|specs?|checks?|pruebas|runs?))+"
_END = r"(?![\w-])"


@dataclass(frozen=True)
class Kind:
    """One kind of test. ``step`` is its step's id, ``tasks`` fits the names of tasks that run it."""

    step: str
    title: str
    said: re.Pattern[str]
    tasks: re.Pattern[str]
    kind: str = "test"


def _kind(step: str, title: str, said: str, tasks: str, kind: str = "test") -> Kind:
    return Kind(
        step,
        title,
        re.compile(rf"(?<![\w-])(?:{said}){_END}"),
        re.compile(rf"(?:^|[^a-z0-9])(?:{tasks})(?:$|[^a-z0-9])"),
        kind,
    )


KINDS = (
    _kind("e2e", "end-to-end tests", rf"(?:e2e|end[- ]to[- ]end|cypress|playwright|browser|ui|acceptance){_T}?"
        rf"|tests? (?:de bout en bout|e2e)|(?:pruebas|tests) (?:de extremo a extremo|e2e)|e2e",
          r"e2e|end[-_]?to[-_]?end|cypress|playwright|browser|acceptance"),
    _kind("integration", "integration tests", rf"integration(?:s)?{_T}|integration(?= and [a-z0-9-]+ tests?)"
        rf"|tests? d'intégration|pruebas de integración", r"integration|int|it|itest"),
    _kind("smoke", "smoke tests", rf"smoke{_T}", r"smoke"),
    _kind("contract", "contract tests", rf"(?:contract|pact){_T}", r"contract|pact"),
    _kind("performance", "performance tests", rf"(?:performance|perf|load|stress|k6){_T}|benchmarks?|lasttests?"
        rf"|tests? de charge|pruebas de carga", r"perf|performance|load|stress|bench|benchmark|k6"),
    _kind("mutation", "mutation tests", rf"mutation{_T}", r"mutation|mutate|stryker|mutmut"),
    _kind("coverage", "test coverage", r"(?:test |code )?coverage(?: reports?)?", r"coverage|cov"),
    _kind("typecheck", "type check", r"type[- ]?check(?:s|ing|er)?|mypy|tsc|static types?", r"type[-_]?check"
        r"|types|mypy|tsc|check[-_]types", "lint"),
    _kind("format", "check of the format", r"format(?:ting)?[ -]?checks?|check (?:the )?format(?:ting)?"
        r"|prettier", r"format[-_:]check|check[-_:]format|fmt[-_:]check|prettier", "lint"),
)  # fmt: skip
_HEADS = {
    "e2e": "e2e end cypress playwright browser ui acceptance test tests pruebas",
    "integration": "integration integrations test tests pruebas",
    "smoke": "smoke",
    "contract": "contract pact",
    "performance": "performance perf load stress k6 benchmark benchmarks lasttest lasttests test tests pruebas",
    "mutation": "mutation",
    "coverage": "test code coverage",
    "typecheck": "type typecheck typechecks typechecking typechecker mypy tsc static",
    "format": "format formatting check prettier",
    "scan": "security vulnerability dependency dependencies secret cve scan",
    "test": "all unit test tests testing unittest unittests pruebas",
    "lint": "lint lints linter linters linting code static",
}
"""First words of what asks for a kind of test."""
PLAIN = {
    "test": re.compile(
        rf"(?<![\w-])(?:(?:all )?unit{_T}|(?:all (?:the )?)?(?:tests?|testing|test suites?|unittests?"
        rf"|pruebas(?: unitarias)?|tests unitaires)){_END}"
    ),
    "lint": re.compile(
        rf"(?<![\w-])(?:lint(?:s|er|ers|ing)?(?:[ -](?:step|check|checks))?|code style(?: checks?)?"
        rf"|static analysis){_END}"
    ),
}
"""The tests and the linter that every pipeline runs where the repository has them."""
SCANS = re.compile(
    rf"(?<![\w-])(?:(?:security|vulnerability|dependency|dependencies|secret|cve)[ -]?)(?:scan(?:s|ning|ner)?"
    rf"|checks?|audits?){_END}|(?<![\w-])scan (?:the )?(?:dependencies|for vulnerabilities){_END}"
)
_SAID: tuple[tuple[Kind | str, re.Pattern[str]], ...] = (
    *((kind, kind.said) for kind in KINDS),
    ("scan", SCANS),
    *PLAIN.items(),
)
BY_WORD: dict[str, list[tuple[Kind | str, re.Pattern[str]]]] = {}
"""First word -> kinds it may begin, special kinds before plain ones."""
for _what, _pattern in _SAID:
    for _head in _HEADS[_what.step if isinstance(_what, Kind) else _what].split():
        BY_WORD.setdefault(_head, []).append((_what, _pattern))
_BY_HAND = re.compile(
    r"watch|dev\b|debug|headed|report|install|update|codegen|open\b|(?:^|[^a-z])ui$|local|docker|setup|prepare"
    r"|clean|pre\b|post\b|record|serve|start"
)


def task_for(kind: Kind, tasks: Iterable[Task]) -> Task | None:
    """Return the task that runs a kind of test: the plainest name that fits, none that waits for a person."""
    fitting = [
        task for task in tasks if kind.tasks.search(_spaced(task.name)) and not _BY_HAND.search(task.name.lower())
    ]
    if kind.kind == "test" and kind.step in {"integration", "performance"}:
        exact = [task for task in fitting if re.search(r"test|bench|perf|load|it$|integration$", task.name.lower())]
        fitting = exact or fitting
    return min(fitting, key=lambda task: (len(task.name), task.name), default=None)


def _spaced(name: str) -> str:
    """Return a task's name in small letters, testE2e as test-e2e."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
