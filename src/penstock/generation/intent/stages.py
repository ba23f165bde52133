"""Environments by name: which words name one, in what order they come, and which name means which."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RANKS = {
    "dev": 0, "develop": 0, "development": 0, "entwicklung": 0, "desarrollo": 0, "développement": 0,
    "test": 1, "testing": 1, "qa": 1, "integration": 1, "int": 1, "sandbox": 1,
    "uat": 2, "demo": 2,
    "staging": 3, "stage": 3, "stg": 3,
    "preprod": 4, "pre-prod": 4, "preproduction": 4, "pre-production": 4,
    "prod": 6, "production": 6, "prd": 6, "live": 6, "produktion": 6, "producción": 6, "produccion": 6,
}  # fmt: skip
"""Word -> how near to production."""
_OTHER = 5
_PRODUCTION = 6
_ENGLISH = {
    "produktion": "production", "producción": "production", "produccion": "production", "entwicklung": "development",
    "desarrollo": "development", "développement": "development",
}  # fmt: skip
AMBIGUOUS = frozenset(
    {"test", "testing", "integration", "int", "stage", "live", "demo", "develop", "desarrollo", "entwicklung"}
)
"""Words that mean something else where they stand alone."""
_THINGS = "".join(rf"(?<!-{word})" for word in ("cluster", "project", "db", "ready", "like", "grade", "key", "account"))
"""Ends of words that are no environments: prod-cluster."""
_WORDS = "|".join(sorted(_RANKS, key=len, reverse=True))
STAGE = rf"(?<![\w/-])(?:{_WORDS})(?:-[a-z0-9]{{1,12}}){{0,2}}(?![\w-])(?!/[a-z]){_THINGS}"
NAMED = re.compile(STAGE)
BY_WORD = {word.partition("-")[0]: (("stage", NAMED),) for word in _RANKS}
"""For finding them word by word."""
LIST = rf"{STAGE}(?:(?:,? (?:and|und|et|y|or|&) |, ?| ?/ ?)(?:the |to |in )?{STAGE}){{0,6}}"
"""One environment or several, for patterns of what is said of them."""


def rank(name: str) -> int:
    """Return how near to production a name is: dev 0, production 6."""
    if name in _RANKS:
        return _RANKS[name]
    if name.startswith(("pre-prod", "preprod")):
        return _RANKS["preprod"]
    return _RANKS.get(name.partition("-")[0], _OTHER)


def is_production(name: str) -> bool:
    """Whether a name says production."""
    return rank(name) == _PRODUCTION


def name_of(word: str) -> str:
    """Return the name an environment goes by: the word itself, in English."""
    return _ENGLISH.get(word, word)


def resolved(word: str, stages: Sequence[str]) -> str | None:
    """Return which of the environments a word means: prod is production where nothing else is called prod."""
    name = name_of(word)
    if name in stages:
        return name
    alike = [stage for stage in stages if rank(stage) == rank(name) and "-" not in name and rank(name) in {0, 3, 4, 6}]
    return alike[0] if len(alike) == 1 else None


def in_order(stages: Sequence[str]) -> list[str]:
    """Return environments with production last, each as near to it as its name says."""
    return sorted(stages, key=rank)


def with_one_more(stages: Sequence[str], name: str) -> list[str]:
    """Return the environments with one put in front of the first that is nearer to production."""
    at = next((index for index, stage in enumerate(stages) if rank(stage) > rank(name)), len(stages))
    return [*stages[:at], name, *stages[at:]]
