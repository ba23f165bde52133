"""Which service, or which environment, a wish is about: what stands behind it, else before it in its clause."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes

_WORD = re.compile(r"[a-z][a-z0-9-]{0,62}")
_LINK = re.compile(r"[\s,]{0,3}(?:for|in|on|of|to|at|für|pour|para|dans|en)\s{1,3}(?:the\s|its\s|den\s|le\s|la\s)?")
_NEAR = 70


def services_for(wishes: Wishes, start: int, end: int, *, otherwise: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return the services a wish is for: the one named right behind it, else nearest in its clause, else ``otherwise``.

    Without ``otherwise`` that is every service.
    """
    if not wishes.several:
        return tuple(wishes.names)
    low = wishes.sentence.low
    link = _LINK.match(low, end)
    follows = _WORD.match(low, link.end()) if link else None
    if follows is not None and follows.group() in wishes.names:
        wishes.sentence.take(follows)
        return (follows.group(),)
    first, last = wishes.sentence.clause(start)
    before = [found for found in _WORD.finditer(low, max(first, start - _NEAR), start) if found.group() in wishes.names]
    if before:
        wishes.sentence.take(before[-1])
        return (before[-1].group(),)
    after = {
        found.group() for found in _WORD.finditer(low, end, min(last, end + _NEAR)) if found.group() in wishes.names
    }
    if len(after) == 1:
        return tuple(after)
    return otherwise if otherwise is not None else tuple(wishes.names)
