"""What a language module is; each ends with ``LANGUAGE = ItsClass()``, which languages.py lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.domain.facts import ServiceFacts


class Language(Protocol):
    """One ecosystem: knows its manifests and reads a folder's facts."""

    @property
    def ecosystem(self) -> str:
        """Short name: node, python, jvm, go, ..."""
        ...

    @property
    def manifests(self) -> tuple[str, ...]:
        """File name globs that make a folder a candidate."""
        ...

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a folder, None when it is not of this ecosystem. Never raises on a broken file."""
        ...
