"""Invisible marks: while a file is being rendered, every line knows its template line and the spec node behind it.

A mark is one private-use character. Values can never hold one (``characters.clean`` removes them), templates may not
(``TemplateSet`` refuses them), and ``unmark`` takes all of them out again, so none reaches a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from penstock.domain.spec import Origin

_LINE = 0xF0000
_OPEN = 0x100000
_CAPACITY = 0xFFF0
CLOSE = chr(0x10FFFD)
"""Ends the innermost ``{% by %}``."""
_MARK = re.compile(f"([{chr(_LINE)}-{CLOSE}])")


class TooManyMarks(ValueError):
    """More template lines or origins than marks exist for: 65,520 of each."""


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line (1-based) of a template, named ``skill@version assets/templates/<name>``."""

    template: str
    line: int

    def __str__(self) -> str:
        return f"{self.template}:{self.line}"


@dataclass
class LineTable:
    """The template lines of one skill, in the order they were compiled."""

    lines: list[TemplateLine] = field(default_factory=list)
    _index: dict[TemplateLine, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def mark(self, line: TemplateLine) -> str:
        """Return the mark that stands for a template line. Threads may compile at the same time."""
        with self._lock:
            index = self._index.setdefault(line, len(self.lines))
            if index >= _CAPACITY:
                raise TooManyMarks
            if index == len(self.lines):
                self.lines.append(line)
        return chr(_LINE + index)


@dataclass
class OriginTable:
    """The origins that one rendering opened."""

    origins: list[Origin] = field(default_factory=list)
    _index: dict[Origin, int] = field(default_factory=dict)

    def mark(self, origin: Origin) -> str:
        """Return the mark that opens an origin."""
        index = self._index.setdefault(origin, len(self.origins))
        if index >= _CAPACITY:
            raise TooManyMarks
        if index == len(self.origins):
            self.origins.append(origin)
        return chr(_OPEN + index)


@dataclass(frozen=True, slots=True)
class TracedLine:
    """One line of output: its text, the template line it came from, the origin of its value."""

    text: str
    source: TemplateLine | None
    origin: Origin | None


def unmark(marked: str, lines: Sequence[TemplateLine], origins: Sequence[Origin]) -> list[TracedLine]:
    """Split rendered text into lines and take the marks out.

    A line that a value brought along (a script's inner lines) belongs to the template line that printed the value,
    which is the next one marked.
    """
    stack: list[Origin] = []
    found: list[tuple[str, TemplateLine | None, Origin | None]] = []
    for raw in marked.split("\n"):
        here = stack[-1] if stack else None
        source = None
        text, *marks = _MARK.split(raw)
        for mark, more in zip(marks[::2], marks[1::2], strict=True):
            text += more
            code = ord(mark)
            if mark == CLOSE:
                if stack:
                    stack.pop()
            elif code >= _OPEN:
                stack.append(origins[code - _OPEN])
                here = stack[-1]
            else:
                source = lines[code - _LINE]
        found.append((text, source, here))
    return _filled(found)


def _filled(found: list[tuple[str, TemplateLine | None, Origin | None]]) -> list[TracedLine]:
    traced: list[TracedLine] = []
    following: TemplateLine | None = None
    for text, source, origin in reversed(found):
        following = source or following
        traced.append(TracedLine(text, following, origin))
    traced.reverse()
    last: TemplateLine | None = None
    for index, line in enumerate(traced):
        last = line.source or last
        if line.source is None:
            traced[index] = TracedLine(line.text, last, line.origin)
    return traced
