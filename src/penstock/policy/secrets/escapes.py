"""Texts as their readers see them: escapes of YAML, JSON, shells and Markdown resolved, continued lines joined.

Resolved without parsing, so that files count too that no parser takes: what one reader refuses, another may accept.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from penstock.policy.dockerfile import Dockerfile
from penstock.policy.secrets.finding import Hit
from penstock.policy.secrets.places import Places
from penstock.policy.secrets.structure import pieces_of
from penstock.policy.secrets.tokens import first_token, holds_any_token, token_hits

_ESCAPE = re.compile(
    r"\\+"
    r"(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<long>000[0-9A-Fa-f]{5})|(?P<slash>/)|[ \t]*\r?\n[ \t]*\\?)"
)
"""More than one backslash stands for JSON inside a string."""
_IN_MARKDOWN = re.compile(r"\\(?P<mark>[!-/:-@\[-`{-~])|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,12});")


def escaped_hits(places: Places, stages: Dockerfile | None) -> Iterator[Hit]:
    """Yield the tokens, keys and URLs that only show once escapes are resolved."""
    found = _Resolved(places.text, _ESCAPE, _character) if "\\" in places.text else None
    if found is not None and found.changed:
        resolved = Places(found.text)
        for hit in token_hits(resolved):
            yield from _in_the_file(places, found, hit, resolved.offset(hit.line, hit.column))
    if stages is not None:
        yield from _continued_hits(places, stages)


class Markdown:
    """A Markdown text as it is shown, without the backslashes that escape marks, with the way back to the file."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._found = _Resolved(places.text, _IN_MARKDOWN, _shown)
        self._shown = Places(self._found.text) if self._found.changed else places

    def hits(self, look: Callable[[Places], Iterable[Hit]]) -> Iterator[Hit]:
        """Yield what ``look`` finds in the text that is shown, each where the file has it."""
        for hit in look(self._shown):
            if self._shown is self._places:
                yield hit
                continue
            start = self._shown.offset(hit.line, hit.column)
            values = hit.literals or (hit.value,)
            written = tuple(self._found.as_written(value, start) for value in values)
            place = self._places.at(self._found.origin(start))
            same = written == values
            yield Hit(
                hit.rule,
                *place,
                hit.value,
                hit.detail,
                literals=hit.literals if same else (*written, *values, hit.value),
            )

    def token_hits(self) -> Iterator[Hit]:
        """Yield the tokens that only show without escapes."""
        return (hit for hit in self.hits(token_hits) if hit.literals) if self._found.changed else iter(())


def _in_the_file(places: Places, found: _Resolved, hit: Hit, start: int) -> Iterator[Hit]:
    """Yield the hit where the file has it, unless it stands there without an escape."""
    values = hit.literals or (hit.value,)
    written = tuple(found.as_written(value, start) for value in values)
    if written != values:
        place = places.at(found.origin(start))
        yield Hit(hit.rule, *place, hit.value, f"{hit.detail}, with escapes", literals=(*written, *values, hit.value))


def _continued_hits(places: Places, stages: Dockerfile) -> Iterator[Hit]:
    """Yield tokens of instructions that go over several lines, perhaps with comments between their halves."""
    texts = [(each, text) for each in stages.instructions if each.end_line > each.start_line for text in each.value]
    if not holds_any_token(text for _, text in texts):
        return
    for instruction, text in texts:
        token = first_token(text)
        if token is not None and token[0] not in places.text:
            lines = [line.strip() for line in instruction.original.split("\n")]
            runs = [line.rstrip("\\`").rstrip() for line in lines if not line.startswith("#")]
            pieces = pieces_of(token[0], runs) if token[0] in "".join(runs) else ()
            place = places.find(pieces[0], instruction.start_line) if pieces else None
            detail = f"{token[1].words}, over several lines"
            yield Hit(
                token[1].rule, *(place or (instruction.start_line, 1)), token[0], detail, literals=(*pieces, token[0])
            )


class _Resolved:
    """A text without escapes, and where each of its characters comes from."""

    def __init__(self, text: str, escape: re.Pattern[str], character: Callable[[re.Match[str]], str]) -> None:
        self._original, self._escape, self._character = text, escape, character
        self.text = escape.sub(character, text)
        self.changed = self.text != text

    @cached_property
    def _places(self) -> tuple[list[int], list[int]]:
        """Offsets into the resolved text, and those of the same characters in the original: only wanted for a hit."""
        here, there = [0], [0]
        size = at = 0
        for match in self._escape.finditer(self._original):
            size += match.start() - at
            here.append(size)
            there.append(match.start())
            size, at = size + len(self._character(match)), match.end()
            here.append(size)
            there.append(at)
        return here, there

    def origin(self, offset: int) -> int:
        """Return where a character of the resolved text stands in the original."""
        here, there = self._places
        last = bisect_right(here, offset) - 1
        return there[last] + offset - here[last]

    def as_written(self, value: str, start: int) -> str:
        """Return a value's spelling in the original; the value itself when it is not there at or after ``start``."""
        at = self.text.find(value, start)
        if at < 0:
            return value
        last = self.origin(at + len(value) - 1)
        escape = self._escape.match(self._original, last)
        return self._original[self.origin(at) : escape.end() if escape else last + 1]


def _character(match: re.Match[str]) -> str:
    if match.lastgroup is None:
        return ""
    digits = match.group(match.lastgroup)
    if match.lastgroup == "slash":
        return digits
    character = chr(int(digits, 16))
    return character if character.isascii() and character.isprintable() else " "  # no token has any other


def _shown(match: re.Match[str]) -> str:
    """Return what Markdown shows for a backslash and a mark, or for a character by its name or number."""
    return match["mark"] or html.unescape(match[0])
