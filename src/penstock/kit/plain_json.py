"""JSON that YAML reads the same way, read by the faster parser; anything doubtful is left to the YAML parser.

The same way means: same values, no finding, no budget near. Files that programs write (lock files, exports) are mostly
of this kind.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LARGEST = 50_000
"""Characters; fewer than the YAML parser's budget of nodes, whatever they are."""
_DEEPEST = 32
_LONGEST_KEY = 500
_TIGHT = re.compile(r'":(?! )|\\[u/]')
"""A colon without its space, and escapes that YAML 1.1 reads otherwise or not at all."""


class _Doubtful(ValueError):
    """The YAML parser has to say."""


def plain_json(text: str) -> dict[str, Any] | None:
    """Return the mapping a text holds, None when only the YAML parser can tell."""
    if not text.startswith("{") or len(text) > _LARGEST or not text.isascii():
        return None
    if not text.replace("\n", "").isprintable() or _TIGHT.search(text):
        return None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_int=_small, parse_float=_no, parse_constant=_no)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _shallow(value, 1) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or any(len(key) > _LONGEST_KEY for key in found):
        raise _Doubtful
    return found


def _small(digits: str) -> int:
    if len(digits) > 15 or digits.startswith("-"):  # noqa: PLR2004 -- exact as a float, too
        raise _Doubtful
    return int(digits)


def _no(text: str) -> Any:
    raise _Doubtful(text)


def _shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    below = value.values() if isinstance(value, dict) else value
    return depth <= _DEEPEST and all(_shallow(each, depth + 1) for each in below)
