"""Further ways to tell a password: as a pair of log-in words, with a mark in its middle, in letters that look alike."""

from __future__ import annotations

import re
import unicodedata

from penstock.policy.secrets.finding import CREDENTIAL, MARK, mark
from penstock.policy.secrets.literal_values import is_reference

_USER = r"user(?:name)?|login|account|benutzer(?:name)?|konto|utilisateur|identifiant|compte|usuario|cuenta"
_AND = r"(?:\s*[,;/&+]\s*|\s+)(?:(?:and|with|und|mit|et|avec|y|con)\s+)?(?:(?:the|its|das|dem|le|la|un|el|su)\s+)?"
_SECOND = r"pass|password|pw|passwort|kennwort|mdp|mot\s+de\s+passe|clave|contrase(?:ñ|n)a"
_PAIR = re.compile(
    rf"(?i)\b(?:{_USER})\s*[:=]?\s+[\"'`]?[\w.@+-]{{1,64}}[\"'`]?{_AND}(?:{_SECOND})\s*[:=]?\s+"
    r"[\"'`]?(?P<value>[^\s\"'`«»,;]{3,200})"
)
"""``user admin and pass ...``: behind a user's name the next word is the password, whatever it is."""
_GOES_ON = re.compile(rf"{MARK.pattern}[&|;<({{\[\\](?=[^\s\"'«»]*[0-9A-Za-z])[^\s\"'«»=]{{1,100}}(?=[\s\"']|$)")
"""The rest of a value that a file would end at a mark of the shell; with ``=`` in it, it is the next parameter."""


def mask_pairs(part: str, key: bytes, no_values: frozenset[str]) -> str:
    """Mask the passwords that are told beside a user's name; ``no_values`` only tell of a password."""
    return _PAIR.sub(lambda found: _pair(found, key, no_values), part)


def mask_rests(text: str) -> str:
    """Take out what goes on behind a mask without a space: it is of the same value."""
    return _GOES_ON.sub(lambda found: found[1], text)


def alike(text: str) -> str:
    """Return a text with full-width and mathematical letters as plain ones, each in its place."""
    if text.isascii():
        return text
    return "".join(plain if len(plain := unicodedata.normalize("NFKC", char)) == 1 else char for char in text)


def _pair(found: re.Match[str], key: bytes, no_values: frozenset[str]) -> str:
    value = found["value"].rstrip(".!?)")
    if not value or value.lower() in no_values or is_reference(value):
        return found[0]
    start = found.start("value") - found.start()
    return f"{found[0][:start]}{mark(CREDENTIAL, value, key)}{found[0][start + len(value) :]}"
