"""Where API keys are kept: rows with a keyed hash, never a key. What a key is and means, gateway/keys.py knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.database.failures import AnswerLost, failed

if TYPE_CHECKING:
    import asyncpg

    from penstock.database.connections import Database


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as it is stored. ``kid`` is its public part, ``key_hash`` 32 bytes; moments are UTC."""

    kid: str
    key_hash: bytes
    pepper_version: int
    org_id: str
    owner: str
    name: str
    scopes: tuple[str, ...]
    allowed_cidrs: tuple[str, ...]
    bootstrap: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class PostgresKeys:
    """The table of keys. Every method raises DatabaseFailed, or Overloaded when no connection becomes free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, kid: str) -> KeyRow | None:
        """Return the key with this public part, None when there is none; revoked and expired ones are found, too."""
        return _row(await self._database.row("find_key", kid, repeatable=True))

    async def list(self, org: str | None = None) -> Sequence[KeyRow]:
        """Return an organisation's keys, or all of them, newest first."""
        return [_key(row) for row in await self._database.rows("list_keys", org)]

    async def add(
        self,
        *,
        kid: str,
        key_hash: bytes,
        pepper_version: int,
        org_id: str,
        owner: str,
        name: str,
        scopes: Sequence[str],
        created_at: datetime,
        expires_at: datetime,
        allowed_cidrs: Sequence[str] = (),
        bootstrap: bool = False,
    ) -> KeyRow | None:
        """Store a new key with its audit row; None when there is a bootstrap key already, or the kid is taken."""
        try:
            row = await self._database.row(
                "add_key",
                kid, key_hash, pepper_version, org_id, owner, name, list(scopes), list(allowed_cidrs), bootstrap,
                created_at, expires_at,
            )  # fmt: skip
        except AnswerLost as problem:
            stored = await self.find(kid)
            if stored is None or stored.key_hash != key_hash:
                raise failed(problem.__cause__ or problem) from problem
            return stored
        return _row(row)

    async def revoke(self, kid: str, at: datetime) -> KeyRow | None:
        """Revoke a key; an earlier revocation stands. None when there is no such key."""
        return _row(await self._database.row("revoke_key", kid, at, repeatable=True))

    async def touch(self, kid: str, at: datetime) -> None:
        """Remember the hour of the key's last use; within the same hour this writes nothing."""
        await self._database.row("touch_key", kid, at, repeatable=True)


def _row(found: asyncpg.Record | None) -> KeyRow | None:
    return None if found is None else _key(found)


def _key(row: asyncpg.Record) -> KeyRow:
    return KeyRow(**{**row, "scopes": tuple(row["scopes"]), "allowed_cidrs": tuple(row["allowed_cidrs"])})
