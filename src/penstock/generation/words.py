"""Commands and names taken apart: words of a command line, DNS labels out of whatever a repository is called."""

from __future__ import annotations

import hashlib
import re
import shlex
import unicodedata

_SHELL = re.compile(r"[;&|<>`$*?~!#\n(){}\[\]\\]")
_MAX_LABEL = 63
_HASH = 6


def words(command: str | None) -> list[str] | None:
    """Return the words of a plain command line; none where it takes a shell to run it (pipes, variables, globs)."""
    if not command or _SHELL.search(command):
        return None
    try:
        found = shlex.split(command)
    except ValueError:
        return None
    return found if found and "=" not in found[0] else None


def label(text: str, otherwise: str = "service") -> str:
    """Return a DNS label made from a name: lower case, letters, digits and hyphens, beginning with a letter."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if plain and not plain[0].isalpha():
        plain = f"{otherwise}-{plain}"
    return fitted(plain, _MAX_LABEL) or otherwise


def fitted(text: str, limit: int) -> str:
    """Return the text, or its beginning and six hex digits of its hash when it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH]
    return f"{text[: limit - _HASH - 1].rstrip('-')}-{digest}"


def listed(items: list[str], limit: int = 8) -> str:
    """Return items as words: ``a, b and c``, or the first ones and how many more."""
    if len(items) > limit:
        return f"{', '.join(items[:limit])} and {len(items) - limit} more"
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]])) if items else ""


def shown(value: str) -> str:
    """Return a value as it may stand in a message: one line, nothing hidden, not too long."""
    plain = ascii(value)
    return plain if len(plain) <= 60 else f"{plain[:57]}..."  # noqa: PLR2004 -- a line of an error message
