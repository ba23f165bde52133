"""What of a key is stored: an HMAC with a secret (the pepper) that the database does not hold.

Random 256-bit keys need no slow hash: nobody can try them out (POLICY.md §5).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

MIN_PEPPER_BYTES = 16
_NOBODY = bytes(32)


class KeyHasher:
    """Hashes keys with the newest pepper and knows the older ones that stored hashes still need."""

    def __init__(self, peppers: Mapping[int, bytes]) -> None:
        """Raise ValueError when there is no pepper, or one is too short to be a secret."""
        if not peppers or any(len(pepper) < MIN_PEPPER_BYTES for pepper in peppers.values()):
            message = f"A pepper has at least {MIN_PEPPER_BYTES} bytes."
            raise ValueError(message)
        self._peppers = dict(peppers)
        self.version = max(peppers)

    def hash(self, plain: str) -> bytes:
        """Return the hash of a new key, made with the pepper of ``version``."""
        return self._hash(plain, self.version)

    def matches(self, plain: str, stored: bytes | None, version: int | None) -> bool:
        """Whether a key is the stored one. Without a stored hash the same work is done, and the answer is no."""
        known = stored is not None and version in self._peppers
        made = self._hash(plain, version if known and version is not None else self.version)
        return hmac.compare_digest(made, stored if known and stored is not None else _NOBODY) and known

    def _hash(self, plain: str, version: int) -> bytes:
        return hmac.digest(self._peppers[version], plain.encode(), "sha256")
