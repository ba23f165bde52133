"""Who Penstock is to GitHub: an App with a token per installation, or one plain token.

An installation's token lives an hour; it is kept, renewed five minutes early, and renewed at once when GitHub refuses
it. However many ask at a time, one of them fetches it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from penstock.delivery.github_client import BadToken, Calls
from penstock.delivery.github_messages import explained
from penstock.delivery.ports import HostAway, HostRefused, RepositoryName
from penstock.errors import InvalidConfiguration
from penstock.kit.clock import Clock

_WANTED = {"metadata": "read", "contents": "write", "pull_requests": "write", "workflows": "write"}
"""The most a token of ours may do, whatever else the installation was given."""
_LEVELS = ("none", "read", "write", "admin")
_EARLY_S, _JWT_BACK_S, _JWT_AHEAD_S = 300.0, 60, 540
"""Renewed so long before the end; a JWT is dated back against clocks that differ, and ends within ten minutes."""
_INSTALLATION_S = 3_600.0
"""How long it is believed which installation covers a repository."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """A token with what is known of its rights."""

    token: str = field(repr=False)
    installation: str
    permissions: Mapping[str, str] | None = None
    """None: unknown, as with personal tokens."""
    signs: bool = False
    """GitHub signs commits made with it that name no author."""
    ends_s: float = float("inf")


class PlainToken:
    """One personal (or already made) token for everything."""

    def __init__(self, token: str) -> None:
        self._grant = TokenGrant(token, "token")

    async def grant(self, _repository: RepositoryName) -> TokenGrant:
        """Return the token."""
        return self._grant

    async def renewed(self, _repository: RepositoryName, _refused: Any) -> TokenGrant:
        """Raise HostAway: there is no other token."""
        raise HostAway("GitHub does not take Penstock's token: it is wrong, has expired or was revoked.")


@dataclass(frozen=True, slots=True)
class _Installed:
    number: int
    permissions: Mapping[str, str]
    known_until: float


class AppTokens:
    """Tokens of a GitHub App, one for each installation."""

    def __init__(self, app_id: str, private_key_pem: str, calls: Calls, clock: Clock, *, install_url: str = "") -> None:
        """``app_id``: the App's id or client id. Raises InvalidConfiguration for a key that is none."""
        self._app_id, self._key = app_id, _loaded(private_key_pem)
        self._calls, self._clock, self._install_url = calls, clock, install_url
        self._installed: dict[str, _Installed] = {}
        self._grants: dict[int, TokenGrant] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def grant(self, repository: RepositoryName) -> TokenGrant:
        """Return a token of the installation that covers a repository. Raises HostAway, HostRefused."""
        installed = await self._installation(repository)
        return await self._fresh(installed, refused=None)

    async def renewed(self, repository: RepositoryName, refused: Any) -> TokenGrant:
        """Return another token than the refused one; the installation is looked up anew, too."""
        self._installed.pop(str(repository).lower(), None)
        installed = await self._installation(repository)
        return await self._fresh(installed, refused=refused)

    async def _installation(self, repository: RepositoryName) -> _Installed:
        name = str(repository).lower()
        async with self._lock(name):
            known = self._installed.get(name)
            if known is not None and known.known_until > self._clock.monotonic():
                return known
            try:
                told = await self._ask("GET", f"/repos/{quote(str(repository))}/installation")
            except HostRefused as refusal:
                if refusal.kind != "not_found":
                    raise
                message, steps = explained("not_found")
                more = (f"Install the Penstock App: {self._install_url}",) if self._install_url else ()
                raise HostRefused("not_found", message, steps + more) from None
            until = self._clock.monotonic() + _INSTALLATION_S
            with _understood():
                self._installed[name] = _Installed(int(told["id"]), _permissions(told), until)
            return self._installed[name]

    async def _fresh(self, installed: _Installed, *, refused: TokenGrant | None) -> TokenGrant:
        async with self._lock(str(installed.number)):
            kept = self._grants.get(installed.number)
            unrefused = refused is None or (kept is not None and kept.token != refused.token)
            if kept is not None and unrefused and kept.ends_s - _EARLY_S > self._clock.now().timestamp():
                return kept
            body = {"permissions": _wanted_of(installed.permissions)}
            told = await self._ask("POST", f"/app/installations/{installed.number}/access_tokens", body)
            with _understood():
                made = TokenGrant(
                    token=str(told["token"]),
                    installation=f"installation {installed.number}",
                    permissions=_permissions(told),
                    signs=True,
                    ends_s=datetime.fromisoformat(str(told["expires_at"])).timestamp(),
                )
            self._grants[installed.number] = made
            return made

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        app = TokenGrant(self._jwt(), "app")
        try:
            reply = await self._calls.send(app, method, path, body=body)
            told = reply.json
        except BadToken as refusal:
            message = f"GitHub does not take the App's signature; check App id and private key. It says: {refusal}"
            raise HostAway(message) from None
        if not isinstance(told, dict):
            raise HostAway("GitHub's answer about the App is none.")
        return told

    def _jwt(self) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        now = int(self._clock.now().timestamp())
        claims = {"iat": now - _JWT_BACK_S, "exp": now + _JWT_AHEAD_S, "iss": self._app_id}
        signed = f"{_packed({'alg': 'RS256', 'typ': 'JWT'})}.{_packed(claims)}"
        signature = self._key.sign(signed.encode(), PKCS1v15(), SHA256())
        return f"{signed}.{_base64(signature)}"

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """Turn an answer that lacks what it should have into HostAway."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise HostAway("GitHub's answer about the App is none.") from None


def _permissions(told: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(level) for name, level in (told.get("permissions") or {}).items()}


def _wanted_of(granted: Mapping[str, str]) -> dict[str, str]:
    """Return what of our wishes the installation grants, at the level it grants."""
    wanted = {}
    for name, level in _WANTED.items():
        have = granted.get(name, "none")
        lower = min(level, have, key=lambda each: _LEVELS.index(each) if each in _LEVELS else 0)
        if lower != "none":
            wanted[name] = lower
    return wanted


def _loaded(pem: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key: Any = None
    with contextlib.suppress(ValueError, TypeError):
        key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        message = "The private key of the GitHub App is no RSA key in PEM form."
        steps = ("Download a private key on the App's settings page, and give the whole file.",)
        raise InvalidConfiguration(message, fields=["github.private_key"], next_steps=steps)
    return key


def _packed(value: dict[str, Any]) -> str:
    return _base64(orjson.dumps(value))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
