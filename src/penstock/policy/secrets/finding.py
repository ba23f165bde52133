"""What the scanner hands out, and what it keeps to itself.

A value never leaves this package but as a fingerprint: HMAC-SHA256 with the installation's key, 12 hex digits. A bare
hash of a weak password could be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

TOKEN = "security.secrets.provider_token"  # noqa: S105 -- a rule id
PRIVATE_KEY = "security.secrets.private_key"
CREDENTIAL = "security.secrets.hardcoded_credential"
URL = "security.secrets.url_credentials"
K8S_SECRET = "security.secrets.k8s_secret_literal"  # noqa: S105 -- a rule id
CONFIGMAP = "security.secrets.configmap_secret"

STRENGTH = {PRIVATE_KEY: 0, TOKEN: 1, K8S_SECRET: 2, CONFIGMAP: 3, URL: 4, CREDENTIAL: 5}
"""When one place is found twice, the lower number stays."""
MARK = re.compile(rf"(«redacted:(?:{'|'.join(map(re.escape, STRENGTH))}):[0-9a-f]{{12}}»)")
"""What stands for a secret that was taken out. It has no room for a secret of its own, so nothing looks into it."""


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A secret's place, without the secret. Lines and columns are 1-based, ``length`` is in characters."""

    rule: str
    line: int
    column: int
    length: int
    fingerprint: str
    detail: str
    """What it looks like, in words."""
    index: int = 0
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A secret with its value: never stored, never logged, never returned from the package."""

    rule: str
    line: int
    column: int
    value: str
    detail: str
    index: int = 0
    pointer: str = ""
    literals: tuple[str, ...] = ()
    """What stands in the file when that is not the value itself: a base64 form, the pieces of a split token."""

    def __repr__(self) -> str:
        """Keep the value out of tracebacks."""
        return f"Hit({self.rule}, {self.line}:{self.column})"

    def finding(self, key: bytes) -> SecretFinding:
        """Return the finding that may be shown."""
        return SecretFinding(
            self.rule, self.line, self.column, len(self.value), fingerprint(self.value, key), self.detail,
            self.index, self.pointer,
        )  # fmt: skip


def mark(rule: str, value: str, key: bytes) -> str:
    """Return what is written instead of a secret."""
    return f"«redacted:{rule}:{fingerprint(value, key)}»"


def fingerprint(value: str, key: bytes) -> str:
    """Return 12 hex digits that tell equal secrets apart from others, and nothing more."""
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:12]
