"""Characters that make text look different from what it is (H32, Trojan Source): found by code point, not by name."""

from __future__ import annotations

import re
import unicodedata

from penstock.policy.finding import Finding, here

RULE = "integrity.text.hidden_characters"
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200d\u2028\u2029"  # marks, fillers, separators
    "\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
)
_TAGS = "\U000e0000-\U000e007f\U000e0100-\U000e01ef\U0001d173-\U0001d17a"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_HIDDEN = re.compile(f"[{_CONTROLS}{_BIDI}{_ZERO_WIDTH}{_TAGS}]|\r(?!\n)")
_SEEN = bytes([*b"\n\t", *range(0x20, 0x7F)])
_JOINERS = "\u200c\u200d"
_MAX_REPORTED = 20


def hidden_characters(text: str) -> list[Finding]:
    """Report control, bidi, zero-width and tag characters; a leading byte order mark and emoji joiners are allowed."""
    if text.isascii() and not text.encode().replace(b"\r\n", b"").translate(None, _SEEN):
        return []
    found: list[Finding] = []
    for match in _HIDDEN.finditer(text):
        at = match.start()
        if (at == 0 and match.group() == "\ufeff") or (match.group() in _JOINERS and _joins(text, at)):
            continue
        if len(found) == _MAX_REPORTED:
            break
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        found.append(here(RULE, f"{_named(match.group())} in column {column}", line=line, column=column))
    return found


def _joins(text: str, at: int) -> bool:
    """Say whether a joiner does its work: between two emoji, or in a script whose letters join (Persian, Hindi)."""
    before = text[at - 1] if at else ""
    if before == "\ufe0f" and at > 1:
        before = text[at - 2]
    after = text[at + 1 : at + 2]
    if before and after and all(unicodedata.category(each) in {"Lo", "Mn", "Mc"} for each in (before, after)):
        return True
    return bool(before and after) and all(
        unicodedata.category(each) in {"So", "Sk"} or each == "\u2640" for each in (before, after)
    )


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'control character')}"
