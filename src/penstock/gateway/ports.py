"""What the gateway needs of others: rows of keys, and counters that all processes share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from penstock.database.keys import KeyRow
    from penstock.gateway.window import Taken


class KeyStore(Protocol):
    """Where keys are kept. Every method raises DatabaseFailed, or Overloaded when no connection becomes free."""

    async def find(self, kid: str) -> KeyRow | None:
        """Return the key of this kid, also a revoked or expired one; None when there is none."""
        ...

    async def list(self, org: str | None = None) -> Sequence[KeyRow]:
        """Return an organisation's keys, or all, newest first."""
        ...

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
        """Store a new key; None when its kid is taken, or it is a second bootstrap key."""
        ...

    async def revoke(self, kid: str, at: datetime) -> KeyRow | None:
        """Revoke a key; None when there is none."""
        ...

    async def touch(self, kid: str, at: datetime) -> None:
        """Remember the hour of the last use."""
        ...


class SharedCountersAway(Exception):
    """The shared counters did not answer in time."""


class SharedCounters(Protocol):
    """The sliding window and the epoch of revocations, seen alike by all processes.

    Every method raises SharedCountersAway; none of them tries twice.
    """

    async def take(self, name: str, limit: int) -> Taken:
        """Count one request if it fits, and tell the epoch."""
        ...

    async def revoked(self) -> None:
        """Begin a new epoch: every process looks its remembered keys up again."""
        ...

    async def ping(self) -> None:
        """Return when the counters answer."""
        ...
