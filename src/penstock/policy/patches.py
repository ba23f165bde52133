"""Kustomize patches: files that a kustomization names as patches hold only what they change, not whole manifests."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.policy.reading import Reading

_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902")


def mark_patches(readings: Sequence[Reading]) -> None:
    """Mark the parts of files that a kustomization of the same set uses as patches."""
    named = {path for reading in readings for path in _named(reading)}
    for reading in readings:
        if reading.path not in named:
            continue
        for part in reading.parts:
            part.patch = True
            if part.kind == "unknown" and isinstance(part.value, list):
                part.kind = "k8s-patch"
                reading.skipped = ""


def _named(reading: Reading) -> Iterator[str]:
    folder = posixpath.dirname(reading.path)
    for part in reading.parts:
        if part.kind == "kustomization" and isinstance(part.value, dict):
            for path in _paths(part.value):
                yield posixpath.normpath(posixpath.join(folder, path))


def _paths(kustomization: dict[str, Any]) -> Iterator[str]:
    for key in _LISTS:
        listed = kustomization.get(key)
        for each in listed if isinstance(listed, list) else ():
            path = each.get("path") if isinstance(each, dict) else each
            if isinstance(path, str) and "\n" not in path:
                yield path
