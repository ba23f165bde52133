"""The life of API keys: made, listed, revoked. The plain key exists once, when it is made."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.errors import DatabaseFailed, InvalidConfiguration, NotFound
from penstock.gateway.key_format import KID, new_key
from penstock.gateway.scopes import OF_FIRST_KEY, checked_scopes

if TYPE_CHECKING:
    from penstock.database.keys import KeyRow
    from penstock.gateway.hashing import KeyHasher
    from penstock.gateway.ports import KeyStore
    from penstock.kit.clock import Clock

MAX_DAYS = 365
_ID = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}\Z")
_MAX_NAME = 100
_TRIES = 3


async def _nobody_to_tell() -> None:
    return None


class Keys:
    """Makes and revokes keys. ``on_revoked`` tells every process to look its remembered keys up again."""

    def __init__(
        self,
        store: KeyStore,
        hasher: KeyHasher,
        clock: Clock,
        *,
        days: int = 90,
        on_revoked: Callable[[], Awaitable[None]] = _nobody_to_tell,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._days = days
        self._on_revoked = on_revoked

    async def create(
        self, *, org_id: str, owner: str, name: str, scopes: Sequence[str] = (), days: int | None = None
    ) -> tuple[str, KeyRow]:
        """Make a key and return it in plain text, this once, with its row. No scopes: those of the main job.

        Raises InvalidConfiguration for an unknown scope, a bad name or more than a year; DatabaseFailed.
        """
        _check_id("org", org_id)
        _check_id("owner", owner)
        _check_name(name)
        lives = self._days if days is None else days
        if not 1 <= lives <= MAX_DAYS:
            message = f"A key lives from 1 to {MAX_DAYS} days, not {lives}."
            raise InvalidConfiguration(message, fields=["days"])
        allowed = checked_scopes(scopes)
        for _ in range(_TRIES):  # the kid of another key was drawn: that needs 10^21 keys or a broken random source
            made = await self._add(org_id, owner, name, allowed, lives, bootstrap=False)
            if made is not None:
                return made
        message = "No new key could be stored: its id was taken each time."
        raise DatabaseFailed(message)

    async def create_bootstrap(self) -> str | None:
        """Make the first key of a new installation and return it in plain text; None when there was one before."""
        made = await self._add("local", "local-user", "bootstrap", OF_FIRST_KEY, self._days, bootstrap=True)
        return None if made is None else made[0]

    async def list(self) -> Sequence[KeyRow]:
        """Return all keys, newest first. Raises DatabaseFailed."""
        return await self._store.list()

    async def revoke(self, kid: str) -> KeyRow:
        """Revoke a key for good; revoking it again changes nothing. Raises NotFound, DatabaseFailed."""
        row = await self._store.revoke(kid, self._clock.now()) if KID.match(kid) else None
        if row is None:
            message = "There is no key of that id."
            raise NotFound(message, next_steps=("`penstock keys list` shows the ids.",))
        await self._on_revoked()
        return row

    async def _add(
        self, org_id: str, owner: str, name: str, scopes: Sequence[str], days: int, *, bootstrap: bool
    ) -> tuple[str, KeyRow] | None:
        key, now = new_key(), self._clock.now()
        row = await self._store.add(
            kid=key.kid,
            key_hash=self._hasher.hash(key.plain),
            pepper_version=self._hasher.version,
            org_id=org_id,
            owner=owner,
            name=name,
            scopes=scopes,
            created_at=now,
            expires_at=now + timedelta(days=days),
            bootstrap=bootstrap,
        )
        return None if row is None else (key.plain, row)


def _check_id(what: str, text: str) -> None:
    if not _ID.match(text):
        message = f"The {what} must be 1 to 100 letters, digits or . _ @ + -, and begin with a letter or digit."
        raise InvalidConfiguration(message, fields=[what])


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
        message = f"The name must be 1 to {_MAX_NAME} printable characters: it says what the key is for."
        raise InvalidConfiguration(message, fields=["name"])
