"""Repositories as mappings of paths to texts, and their facts in short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.detection import detect
from penstock.detection.tree import MappingTree
from penstock.domain.facts import Fact, RepositoryFacts, ServiceFacts


def facts_of(files: Mapping[str, str | bytes], **options: Any) -> RepositoryFacts:
    """Return the facts of a repository made of these files."""
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return detect(MappingTree(content), name="shop", **options)


def main_of(files: Mapping[str, str | bytes]) -> ServiceFacts:
    """Return the main service's facts; there has to be one."""
    primary = facts_of(files).primary
    assert primary is not None
    return primary


def short(service: ServiceFacts, *fields: str) -> tuple[Any, ...]:
    """Return the values of some fields, None for what is missing."""
    found = (getattr(service, field) for field in fields)
    return tuple(each.value if isinstance(each, Fact) else each for each in found)
