"""What the house needs of a place for bytes: write once, read, list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class ObjectStore(Protocol):
    """A folder, a bucket or memory. Every method raises Unavailable when the store cannot do it."""

    async def put_new(self, path: str, content: bytes) -> bool:
        """Store an object nobody stored before; False when there is one, which is left as it is."""
        ...

    async def get(self, path: str) -> bytes | None:
        """Return an object's content, None when there is no such object."""
        ...

    async def list(self, prefix: str) -> Sequence[str]:
        """Return the paths below a folder, sorted."""
        ...
