"""Where skills come from: the shipped library here, an organisation's registry later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.domain.skills import Skill, SkillMetadata


class SkillStore(Protocol):
    """The skills an organisation may use, one version of each."""

    async def list(self, org_id: str) -> Sequence[SkillMetadata]:
        """Return what selection needs of every skill, in order of name. Raises SkillsUnavailable."""
        ...

    async def load(self, org_id: str, name: str) -> Skill:
        """Return the whole skill. Raises SkillNotFound for a name that is not published, SkillsUnavailable."""
        ...
