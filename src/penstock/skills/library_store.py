"""The shipped skills: read once from a folder, then kept in this process, since an installed library never changes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from penstock.domain.skills import Skill, SkillMetadata
from penstock.errors import SkillNotFound, SkillsUnavailable
from penstock.skills.loading import BrokenSkill, load_folder
from penstock.telemetry.service import Telemetry

_CACHE = "skills"


class LibrarySkills:
    """A SkillStore over a folder of skill folders, the same for every organisation.

    A folder that is no usable skill is left out and logged: one bad skill must not stop the others.
    """

    def __init__(self, folder: Path, telemetry: Telemetry | None = None) -> None:
        self._folder = folder
        self._telemetry = telemetry or Telemetry()
        self._reading = threading.Lock()
        self._skills: Mapping[str, Skill] | None = None

    async def list(self, org_id: str) -> Sequence[SkillMetadata]:  # noqa: ARG002 -- the library is everybody's
        """Return what selection needs of every skill, in order of name. Raises SkillsUnavailable."""
        begun = time.perf_counter()
        skills = await self._all()
        self._telemetry.observe_skills_load((time.perf_counter() - begun) * 1000)
        return [skill.metadata for skill in skills.values()]

    async def load(self, org_id: str, name: str) -> Skill:  # noqa: ARG002 -- the library is everybody's
        """Return the whole skill. Raises SkillNotFound, naming what there is; SkillsUnavailable."""
        skills = await self._all()
        if name not in skills:
            raise SkillNotFound(f"There is no skill {name[:64]!r}; there are {', '.join(skills)}.", skill=name)
        return skills[name]

    async def _all(self) -> Mapping[str, Skill]:
        skills = self._skills
        self._telemetry.count_cache(_CACHE, hit=skills is not None)
        return skills if skills is not None else await asyncio.to_thread(self._read)

    def _read(self) -> Mapping[str, Skill]:
        with self._reading:
            if self._skills is None:
                self._skills = self._read_folder()
            return self._skills

    def _read_folder(self) -> Mapping[str, Skill]:
        try:
            folders = sorted(path for path in self._folder.iterdir() if path.is_dir() and path.name[0] not in "._")
        except OSError as problem:
            message = f"The folder of the shipped skills cannot be read: {problem.strerror or problem}."
            raise SkillsUnavailable(
                message, next_steps=("Install Penstock again: its own files are missing.",)
            ) from problem
        skills: dict[str, Skill] = {}
        for folder in folders:
            try:
                skills[folder.name] = load_folder(folder)
            except BrokenSkill as problem:
                self._telemetry.log("skills.left_out", level="warning", skill=folder.name, reason=str(problem))
        if not skills:
            message = "No usable skill was found in the folder of the shipped skills."
            raise SkillsUnavailable(message, next_steps=("Install Penstock again: its own files are missing.",))
        return skills
