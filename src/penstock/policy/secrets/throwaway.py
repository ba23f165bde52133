"""Passwords that live as long as one CI job: those of the service containers a workflow starts for its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from penstock.policy.secrets.literal_values import looks_random


def throwaway_passwords(value: Any) -> frozenset[str]:
    """Return the plain words that a workflow's service containers get as environment; random values are not excused."""
    return frozenset(word for word in _words(value) if not looks_random(word))


def _words(value: Any) -> Iterator[str]:
    for job in _mapping(value, "jobs").values():
        for service in _mapping(job, "services").values():
            for each in _mapping(service, "env").values():
                if isinstance(each, str | int):
                    yield str(each)


def _mapping(value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
