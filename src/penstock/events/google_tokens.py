"""Access tokens from Google's application default credentials; the library asks the network in a thread."""

from __future__ import annotations

import asyncio
from typing import Any

_SCOPE = "https://www.googleapis.com/auth/pubsub"


class GoogleTokens:
    """Keeps one token until it ends (the library renews it some minutes before)."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._renewing = asyncio.Lock()

    async def token(self, *, fresh: bool = False) -> str | None:
        """Return a token. Raises OSError when there are no credentials or they are not accepted."""
        async with self._renewing:
            if fresh or self._credentials is None or not self._credentials.valid:
                await asyncio.to_thread(self._renew)
            token: str = self._credentials.token
            return token

    def _renew(self) -> None:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[_SCOPE])
            self._credentials.refresh(Request())
        except GoogleAuthError as problem:
            message = "no usable Google credentials"
            raise ConnectionError(message) from problem


class NoTokens:
    """For the emulator, which asks for none."""

    async def token(self, *, fresh: bool = False) -> str | None:  # noqa: ARG002 -- there is none to renew
        """Return nothing."""
        return None
