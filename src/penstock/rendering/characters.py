"""Which characters may stand in a generated file: everything a reader can see, plus newline and tab."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x180F), *range(0xE0100, 0xE01F0)]
)
"""Characters that show nothing although Unicode does not file them under control or format."""
_SUSPECT = re.compile(r"[^\t\n\x20-\x7e]")
_NEWLINES = re.compile(r"\r\n?")


def is_hidden(character: str) -> bool:
    """Whether a character is a control, bidi, zero-width, tag, private-use, surrogate or separator character."""
    if character in "\t\n":
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"} or ord(character) in _UNSEEN


def clean(text: str) -> str:
    """Return the text with LF line ends and without hidden characters (POLICY.md §1.8, hidden_characters)."""
    text = _NEWLINES.sub("\n", text)
    if text.isascii() and text.isprintable():
        return text
    return _SUSPECT.sub(lambda match: "" if is_hidden(match.group()) else match.group(), text)


def one_line(text: str) -> str:
    """Return the cleaned text on one line, runs of white space as one space."""
    return " ".join(clean(text).split())


def hidden_at(text: str) -> tuple[int, str] | None:
    """Return (1-based line, U+ name) of the first hidden character, None when there is none."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return None
    for match in _SUSPECT.finditer(text):
        if is_hidden(match.group()):
            return text.count("\n", 0, match.start()) + 1, f"U+{ord(match.group()):04X}"
    return None
