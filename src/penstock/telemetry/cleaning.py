"""Makes foreign text harmless before it is logged: no secret, no control character, no field over 2 KB."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

Redact = Callable[[str], str]
"""Replaces secrets in a text by a mark."""

MAX_FIELD = 2_048
"""Characters of one logged field; POLICY.md §4, logs."""
_MAX_LOOKED_AT = 4 * MAX_FIELD
_MAX_ITEMS = 100
_MAX_DEPTH = 6
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""C0 and C1 controls (CR, LF, ESC), line separators, direction marks, halves of surrogate pairs."""

OURS = frozenset(
    {
        "event", "level", "timestamp", "trace_id", "route", "method", "status", "ms", "stages", "pipeline_id", "error",
        "org", "principal", "kid",
    }
)  # fmt: skip
"""Fields whose text is always our own, or narrow by its form: looking for secrets in them would only cost time."""


class Cleaner:
    """The last processor before a line is written: nothing that comes later can add text.

    Secrets are looked for in the raw text, as a private key spans lines, and before the cut, as half a secret is
    not recognised; what is looked at is bounded first, and a secret over that bound lies beyond the cut.
    """

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        """Clean every field of a log event (the signature structlog gives processors)."""
        return {
            name if name in OURS else self.text(name): value if name in OURS else self.value(value)
            for name, value in list(event.items())[:_MAX_ITEMS]
        }

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the value with every text in it cleaned; what is no JSON becomes its type's name."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth >= _MAX_DEPTH:
            return "..."
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(each, depth + 1) for key, each in list(value.items())[:_MAX_ITEMS]}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(each, depth + 1) for each in list(value)[:_MAX_ITEMS]]
        return f"<{type(value).__name__}>"

    def text(self, text: str) -> str:
        """Return the text without secrets and control characters, cut at MAX_FIELD characters."""
        clean = escaped(self._redact(text[:_MAX_LOOKED_AT]))
        if len(text) <= _MAX_LOOKED_AT and len(clean) <= MAX_FIELD:
            return clean
        return f"{clean[:MAX_FIELD]}... ({len(text)} characters)"


def escaped(text: str) -> str:
    r"""Return the text with every control character spelled out (``\u001b``), so that no terminal acts on it."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
