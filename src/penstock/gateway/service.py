"""Who asks, may they, how often: admit() is the only way in."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import re
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from penstock.domain.pipelines import Caller
from penstock.errors import AuthUnavailable, InvalidApiKey, PermissionDenied, RateLimitExceeded, Unavailable
from penstock.gateway.denials import Denials
from penstock.gateway.key_cache import KeyCache
from penstock.gateway.key_format import ApiKey, parse_key
from penstock.gateway.window import Taken, Window

if TYPE_CHECKING:
    from penstock.database.keys import KeyRow
    from penstock.gateway.hashing import KeyHasher
    from penstock.gateway.limiter import Limiter
    from penstock.gateway.ports import KeyStore
    from penstock.kit.clock import Clock
    from penstock.telemetry.service import Telemetry

STORE_S = 0.5
"""Seconds the key store has for an answer; the edge's whole share is as much (BEHAVIOUR.md §2.4)."""
_STEPS = 10
_BEARER = re.compile(r"\A(?i:bearer) (?P<key>[!-~]+)\Z")
_LONGEST = 256
_GUESSES = 10
"""An address may send that many times more well-formed unknown keys than malformed ones: garbage blocks no good key."""
_IPV6 = 6


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request says of its sender: every value of the two headers, and the address it came from."""

    authorization: tuple[str, ...] = ()
    api_key: tuple[str, ...] = ()
    client_ip: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may go on, and what is left of its sender's allowance."""

    caller: Caller
    limit: int
    remaining: int
    reset_s: float
    """Seconds to the end of the minute."""


class Gateway:
    """Checks in the order of POLICY.md §5: form, check digits, kid, hash, revoked, expired; then rate; then scope.

    An address that sends bad keys all the time is told to wait. Malformed keys and well-formed unknown ones are counted
    apart, and the second have ten times the allowance: many users may share an address, and garbage from one of them
    must not hold up the new key of another. Keys that were good before are not held up at all.
    """

    def __init__(
        self,
        store: KeyStore,
        hasher: KeyHasher,
        limiter: Limiter,
        *,
        clock: Clock,
        telemetry: Telemetry,
        key_cache_s: float = 60.0,
        failures_per_minute: int = 100,
        denials: Denials | None = None,
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._limiter = limiter
        self._clock = clock
        self._telemetry = telemetry
        self._cache = KeyCache(store.find, clock, keep_s=key_cache_s)
        self._malformed, self._guesses = Window(), Window()
        self._most_failures = failures_per_minute
        self._touching: set[asyncio.Task[None]] = set()
        self._noted: set[tuple[str, datetime]] = set()
        self._denials = denials

    async def admit(self, credential: Credential, scope: str) -> Admission:
        """Let a request in. Raises InvalidApiKey, RateLimitExceeded, PermissionDenied, AuthUnavailable."""
        key = parse_key(_presented(credential) or "")
        row = await self._authenticated(credential, key)
        taken = await self._limiter.take(row.org_id, row.owner)
        if self._cache.changed(taken.epoch):
            row = await self._authenticated(credential, key)
        if not taken.admitted:
            self._note_denial(row, "access.limited", scope)
            raise self._too_many(taken, self._limiter.per_minute)
        if scope not in row.scopes:
            self._note_denial(row, "access.denied", scope)
            message = f"The key lacks the scope {scope}."
            steps = (
                f"Make a key that has it: `penstock keys create --name NAME --scope {scope}` on the server's machine.",
                "Or ask an administrator of your organisation for such a key.",
            )
            raise PermissionDenied(message, next_steps=steps)
        caller = Caller(row.org_id, row.owner, frozenset(row.scopes), row.kid)
        return Admission(caller, self._limiter.per_minute, taken.remaining, taken.reset_us / 1_000_000)

    def forget_keys(self) -> None:
        """Look every key up again at its next use: one was revoked in this process."""
        self._cache.forget()

    async def close(self) -> None:
        """Wait for what is still being noted."""
        await asyncio.gather(*self._touching, return_exceptions=True)

    async def _authenticated(self, credential: Credential, key: ApiKey | None) -> KeyRow:
        """Return the row of the key that was sent. Every failure looks and, for a well-formed key, costs the same."""
        if key is None:
            self._refuse(credential, "malformed", None)
        row = await self._row(credential, key.kid)
        matches = self._hasher.matches(key.plain, row.key_hash if row else None, row.pepper_version if row else None)
        if row is None or not matches:
            self._refuse(credential, "unknown", key)
        if row.revoked_at is not None:
            self._refuse(credential, "revoked", key)
        if row.expires_at <= self._clock.now():
            self._refuse(credential, "expired", key)
        if row.allowed_cidrs and not _within(credential.client_ip, row.allowed_cidrs):
            self._refuse(credential, "address", key)
        self._note_use(row)
        return row

    async def _row(self, credential: Credential, kid: str) -> KeyRow | None:
        known, row = self._cache.remembered(kid)
        self._telemetry.count_cache("keys", hit=known)
        if known:
            return row
        if not self._cache.was_good(kid):
            self._hold_up(credential, formed=True)
        try:
            return await _patiently(self._cache.look_up(kid))
        except (Unavailable, TimeoutError) as problem:
            self._telemetry.log("auth.store_failed", level="error", reason=str(problem) or "timeout")
            raise AuthUnavailable from problem

    def _refuse(self, credential: Credential, why: str, key: ApiKey | None) -> NoReturn:
        """Say no, the same no for every reason; the log knows which."""
        self._hold_up(credential, formed=key is not None)
        failures = self._malformed if key is None else self._guesses
        failures.record(_network(credential.client_ip), self._now_us())
        self._telemetry.log("auth.key_refused", reason=why, kid=key.kid if key else None)
        raise InvalidApiKey

    def _hold_up(self, credential: Credential, *, formed: bool) -> None:
        """Raise RateLimitExceeded for an address with too many failures of that kind in the last minute."""
        failures, most = (
            (self._guesses, self._most_failures * _GUESSES) if formed else (self._malformed, self._most_failures)
        )
        full = failures.full(_network(credential.client_ip), most, self._now_us())
        if full is not None:
            raise self._too_many(full, most, "Too many requests with a bad key from this address.")

    def _too_many(self, taken: Taken, limit: int, message: str | None = None) -> RateLimitExceeded:
        return RateLimitExceeded(
            message,
            retry_after_s=max(1, math.ceil(taken.wait_us / 1_000_000)),
            limit=limit,
            remaining=taken.remaining,
            reset_s=taken.reset_us / 1_000_000,
        )

    def _note_denial(self, row: KeyRow, action: str, scope: str) -> None:
        if self._denials is not None:
            self._denials.note(row.org_id, row.owner, action, kid=row.kid, scope=scope)

    def _note_use(self, row: KeyRow) -> None:
        """Remember the hour of the last use, beside the request and without its fate depending on it."""
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        if (row.kid, hour) in self._noted or (row.last_used_at is not None and row.last_used_at >= hour):
            return
        self._noted = {note for note in self._noted if note[1] == hour} | {(row.kid, hour)}
        task = asyncio.create_task(self._touch(row.kid))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _touch(self, kid: str) -> None:
        try:
            await self._store.touch(kid, self._clock.now())
        except Unavailable as problem:
            self._telemetry.log("auth.touch_failed", level="warning", reason=problem.message)

    def _now_us(self) -> int:
        return int(self._clock.monotonic() * 1_000_000)


async def _patiently(asked: Coroutine[Any, Any, KeyRow | None]) -> KeyRow | None:
    """Wait STORE_S seconds, in steps in which the event loop has to turn. Raises TimeoutError.

    While the loop is held up by work of ours, a store's answer lies unread: that time is not the store's.
    """
    task = asyncio.create_task(asked)
    for _ in range(_STEPS):
        done, _ = await asyncio.wait({task}, timeout=STORE_S / _STEPS)
        if done:
            return task.result()
    task.cancel()
    raise TimeoutError


def _presented(credential: Credential) -> str | None:
    """Return the one key that was sent; None for no key, several, or headers of another form (H46)."""
    if len(credential.authorization) + len(credential.api_key) != 1:
        return None
    for value in credential.api_key:
        return value if len(value) <= _LONGEST else None
    match = _BEARER.match(credential.authorization[0]) if len(credential.authorization[0]) <= _LONGEST else None
    return match["key"] if match else None


def _network(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the /64 an IPv6 host chooses its addresses from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == _IPV6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _within(address: str, cidrs: tuple[str, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
        return any(parsed in ipaddress.ip_network(cidr, strict=False) for cidr in cidrs)
    except ValueError:
        return False
