"""The secret scanner (POLICY.md §3.3). Values never leave: findings carry places and keyed fingerprints."""

from __future__ import annotations

from penstock.policy.secrets.finding import SecretFinding, fingerprint
from penstock.policy.secrets.scanner import find, masked, masks, redact, scan
from penstock.policy.secrets.sentences import redact_quoted, redact_said
from penstock.policy.secrets.tokens import first_token


def holds_token(content: bytes) -> bool:
    """Whether a provider's token or a private key stands in a file."""
    return first_token(content.decode("utf-8", "replace")) is not None


__all__ = [
    "SecretFinding", "find", "fingerprint", "holds_token", "masked", "masks", "redact", "redact_quoted", "redact_said",
    "scan",
]  # fmt: skip
