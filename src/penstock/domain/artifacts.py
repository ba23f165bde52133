"""Artifacts: the generated files, and for each of their lines the reason it is there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from penstock.domain.spec import Origin


class LineOrigin(NamedTuple):
    """Why the lines first..last (1-based, inclusive) of a file stand there."""

    first: int
    last: int
    template: str
    """``skill@version assets/templates/<name>:<line>``."""
    origin: Origin | None = None
    """The spec node that supplied the line's value, when one did."""


@dataclass(frozen=True)
class Artifact:
    """One generated file. ``content`` is the exact bytes that are judged, recorded and delivered."""

    path: str
    content: bytes
    lines: tuple[LineOrigin, ...] = field(default=(), compare=False)
    executable: bool = False

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        """The content as text; artifacts are UTF-8 by construction."""
        return self.content.decode()


def digest_of(artifacts: tuple[Artifact, ...]) -> str:
    """One digest for a set of files: sha256 over ``path NUL sha256 LF`` in path order."""
    whole = hashlib.sha256()
    for artifact in sorted(artifacts, key=lambda each: each.path):
        whole.update(f"{artifact.path}\0{artifact.sha256}\n".encode())
    return whole.hexdigest()
