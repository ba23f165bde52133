"""Files of a repository elsewhere, for detection: listed at once, read a batch at a time, never cloned.

Detection reads file by file and cannot wait for a network. So it is run on what is here, the files it missed are
fetched together, and it is run again until it misses nothing:

    files = await host.files(repository, sha)
    facts = detect(files)
    while await files.fetch_missed():
        facts = detect(files)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

MOST_PATHS = 20_000
LARGEST_FILE = 1_048_576
"""Bytes; larger files are known by name only, as on disk."""
MOST_FILES, MOST_BYTES = 200, 16 * 1024 * 1024
"""Of one repository; whatever goes beyond is as if it could not be read."""
MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as the host lists it."""

    sha: str
    size: int


class RemoteFiles:
    """A bounded list of paths, and the bytes of those that were asked for. Fits detection's Tree."""

    def __init__(
        self, listed: Mapping[str, Listed], *, truncated: bool, fetch: Callable[[str], Awaitable[bytes]]
    ) -> None:
        """``fetch`` returns the bytes of a blob by its SHA."""
        kept = sorted(listed)[:MOST_PATHS]
        self._listed = {path: listed[path] for path in kept}
        self._paths = tuple(kept)
        self._truncated = truncated or len(kept) < len(listed)
        self._fetch = fetch
        self._contents: dict[str, bytes | None] = {}
        self._missed: set[str] = set()
        self._files = self._bytes = self._rounds = 0
        self.default_branch = ""
        """The repository's default branch, where the host was asked for it."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all files, sorted."""
        return self._paths

    @property
    def truncated(self) -> bool:
        """Whether a bound cut the list short."""
        return self._truncated

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None when it is not here, and then it is fetched next time if it may be."""
        if path in self._contents:
            return self._contents[path]
        found = self._listed.get(path)
        if found is not None and found.size <= LARGEST_FILE:
            self._missed.add(path)
        return None

    async def fetch_missed(self) -> bool:
        """Fetch what was read in vain; False when nothing was. Raises HostAway, HostRefused."""
        missed, self._missed = sorted(self._missed), set()
        if not missed or self._rounds >= MOST_ROUNDS:
            return False
        self._rounds += 1
        return await self.load(missed)

    async def load(self, paths: Iterable[str]) -> bool:
        """Fetch files within the bounds, several at a time; False when none was new. Raises HostAway, HostRefused."""
        wanted = [path for path in dict.fromkeys(paths) if path in self._listed and path not in self._contents]
        taken: list[str] = []
        for path in wanted:
            size = self._listed[path].size
            fits = self._files < MOST_FILES and size <= LARGEST_FILE and self._bytes + size <= MOST_BYTES
            if fits:
                taken.append(path)
                self._files, self._bytes = self._files + 1, self._bytes + size
            else:
                self._contents[path] = None
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {path: group.create_task(self._fetched(self._listed[path])) for path in taken}
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None
        for path, task in tasks.items():
            self._contents[path] = task.result()
        return bool(wanted)

    async def _fetched(self, listed: Listed) -> bytes | None:
        content = await self._fetch(listed.sha)
        return content if len(content) <= LARGEST_FILE else None
