"""Ends of audit chains, written once beside the auditors' copies: a chain shorter or other than them was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator

from penstock.domain.audit import Head
from penstock.object_storage.ports import ObjectStore

_FOLDER = "audit"


class ChainHeads:
    """``audit/<digest of the organisation>/<number>.json``: an organisation's name may be anything, a path may not."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def store(self, head: Head) -> bool:
        """Store a head; False when another stands there under its number, and stays. Raises Unavailable."""
        path = f"{_folder(head.org_id)}/{head.seal_no:020d}.json"
        content = json.dumps({"org_id": head.org_id, "seal_no": head.seal_no, "hash": head.hash.hex()}).encode()
        return await self._objects.put_new(path, content) or await self._objects.get(path) == content

    async def organisations(self) -> set[str]:
        """Return whose chains have heads here. Raises Unavailable, ValueError for a head nobody can read."""
        newest = {path.rpartition("/")[0]: path for path in await self._objects.list(_FOLDER)}
        return {_read(await self._objects.get(path)).org_id for path in newest.values()}

    async def kept(self, org_id: str) -> AsyncIterator[Head]:
        """Yield the heads of an organisation, oldest first. Raises Unavailable, ValueError for one nobody can read."""
        for path in await self._objects.list(_folder(org_id)):
            yield _read(await self._objects.get(path))


def _read(content: bytes | None) -> Head:
    try:
        told = json.loads(content or b"")
        return Head(str(told["org_id"]), int(told["seal_no"]), bytes.fromhex(told["hash"]))
    except (KeyError, TypeError, ValueError) as problem:
        message = "a head of an audit chain in the archive cannot be read"
        raise ValueError(message) from problem


def _folder(org_id: str) -> str:
    return f"{_FOLDER}/{hashlib.sha256(org_id.encode()).hexdigest()[:32]}"
