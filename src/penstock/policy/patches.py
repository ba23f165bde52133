"""What kustomize completes: patches hold only what they change, and resources may get their selectors from labels."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.policy.reading import Reading

_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_RESOURCES = ("resources",)


def mark_kustomized(readings: Sequence[Reading]) -> None:
    """Mark the parts of files that kustomizations of the same set use as patches, or give labels and selectors."""
    kustomizations = [
        (posixpath.dirname(reading.path), part.value)
        for reading in readings
        for part in reading.parts
        if part.kind == "kustomization" and isinstance(part.value, dict)
    ]
    patches = {path for folder, value in kustomizations for path in _named(folder, value, _PATCHES)}
    selecting = any(_gives_selectors(value) for _, value in kustomizations)
    resources = {path for folder, value in kustomizations for path in _named(folder, value, _RESOURCES)}
    for reading in readings:
        for part in reading.parts:
            part.gets_selector = selecting and reading.path in resources
        if reading.path not in patches:
            continue
        for part in reading.parts:
            part.patch = True
            if part.kind == "unknown" and isinstance(part.value, list):
                part.kind = "k8s-patch"
                reading.skipped = ""


def _gives_selectors(kustomization: dict[str, Any]) -> bool:
    if kustomization.get("commonLabels"):
        return True
    labels = kustomization.get("labels")
    return isinstance(labels, list) and any(
        isinstance(each, dict) and bool(each.get("includeSelectors")) for each in labels
    )


def _named(folder: str, kustomization: dict[str, Any], lists: tuple[str, ...]) -> Iterator[str]:
    for key in lists:
        listed = kustomization.get(key)
        for each in listed if isinstance(listed, list) else ():
            path = each.get("path") if isinstance(each, dict) else each
            if isinstance(path, str) and "\n" not in path:
                yield posixpath.normpath(posixpath.join(folder, path))
