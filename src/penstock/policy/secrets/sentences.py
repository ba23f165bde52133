"""What people type or quote: masked more readily than a file is denied. A mask too many costs a word."""

from __future__ import annotations

import re
from collections.abc import Callable

from penstock.policy.secrets.finding import CREDENTIAL, TOKEN, fingerprint
from penstock.policy.secrets.formats import PREFIXES
from penstock.policy.secrets.literal_values import is_reference
from penstock.policy.secrets.scanner import PROCESS_KEY, redact

_MARK = re.compile("(«redacted:[^»]*»)")
_FORM = re.compile(
    rf"(?<![0-9A-Za-z])((?:{'|'.join(map(re.escape, PREFIXES))})[0-9A-Za-z_.=/+-]{{8,}}"
    r"|eyJ[0-9A-Za-z_-]{10,}+\.[0-9A-Za-z_-]{10,}+(?:\.[0-9A-Za-z_-]*)?)"
)
"""What begins like a provider's token: its check need not fit, as one letter mistyped or cut off makes it fail."""
_WORD = r"(?:password|passwd|passwort|passphrase|passcode|pwd|secret|token|credential|api[\s_-]?key|access[\s_-]?key)s?"
_NAMED = re.compile(
    rf"(?i){_WORD}(?P<link>\s*[=:]+\s*|\s+(?:is|was|are|be)\s*:?\s+|\s+)[\"'`]?(?P<value>[^\s\"'`«»]{{3,200}})(?P<rest>.?)"
)
_SHORTEST_ALONE = 6
_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""How variables are named: ``secret: DATABASE_URL`` tells a name, no value."""


def redact_quoted(text: str, *, key: bytes = PROCESS_KEY) -> str:
    """Return a text without secrets, and without anything that has the form of a token, valid or not: for logs."""
    return _outside_marks(
        redact(text, key=key), lambda part: _FORM.sub(lambda found: _mark(TOKEN, found[1], key), part)
    )


def redact_said(text: str, *, key: bytes = PROCESS_KEY) -> str:
    """Return a sentence without secrets, also those that it only tells (``the password is ...``)."""
    return _outside_marks(redact_quoted(text, key=key), lambda part: _NAMED.sub(lambda found: _told(found, key), part))


def _told(found: re.Match[str], key: bytes) -> str:
    value = found["value"].rstrip(".,;:!?)")
    if not _is_told(found, value):
        return found[0]
    start = found.start("value") - found.start()
    return found[0][:start] + _mark(CREDENTIAL, value, key) + found[0][start + len(value) :]


def _is_told(found: re.Match[str], value: str) -> bool:
    """Say whether the word is meant as the secret: assigned, said at the end of a clause, or no word at all."""
    if not value or is_reference(value) or _NAME.fullmatch(value):
        return False
    link = found["link"].strip()
    opaque = len(value) >= _SHORTEST_ALONE and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    if link in {"=", ":", ":=", "=="}:
        return opaque or "=" in link or _ends(found, value)
    return opaque or (bool(link) and _ends(found, value))


def _ends(found: re.Match[str], value: str) -> bool:
    return found["rest"] != " " or len(found["value"]) > len(value)


def _outside_marks(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if _MARK.fullmatch(part) else change(part) for part in _MARK.split(text))


def _mark(rule: str, value: str, key: bytes) -> str:
    return f"«redacted:{rule}:{fingerprint(value, key)}»"
