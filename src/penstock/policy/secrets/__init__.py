"""The secret scanner (POLICY.md §3.3). Values never leave: findings carry places and keyed fingerprints."""

from __future__ import annotations

from penstock.policy.secrets.finding import SecretFinding, fingerprint
from penstock.policy.secrets.scanner import find, masked, masks, redact, scan

__all__ = ["SecretFinding", "find", "fingerprint", "masked", "masks", "redact", "scan"]
