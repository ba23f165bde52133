"""Invisible marks: while a file is being rendered, every line knows its template line and the spec node behind it.

A mark is one private-use character. Values can never hold one (``characters.clean`` removes them), templates may not
(``TemplateSet`` refuses them), and ``unmark`` takes all of them out again, so none reaches a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import NamedTuple

from penstock.domain.spec import Origin

_LINE = 0xF0000
_OPEN = 0x100000
_CAPACITY = 0xFFF0
VALUE = chr(0xFFFFD)
"""Stands where a template printed a value."""
_FIRST_OPEN = chr(_OPEN)
CLOSE = chr(0x10FFFD)
"""Ends the innermost ``{% by %}``."""
_END = re.compile(f"([\n{chr(_LINE)}-{CLOSE}])")
"""A mark, or the end of a line."""


class TooManyMarks(ValueError):
    """More template lines or origins than marks exist for: 65,520 of each."""


@dataclass(frozen=True)
class TemplateLine:
    """A line (1-based) of a template, named ``skill@version assets/templates/<name>``."""

    template: str
    line: int

    @cached_property
    def name(self) -> str:
        """The line as origins name it. Written once: every rendering needs it again."""
        return f"{self.template}:{self.line}"

    def __str__(self) -> str:
        return self.name


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


class TracedLine(NamedTuple):
    """One line of output: its text, the template line it came from, the origin of its value."""

    text: str
    source: TemplateLine | None
    origin: Origin | None


def unmark(marked: str, lines: Sequence[TemplateLine], origins: Sequence[Origin]) -> list[TracedLine]:
    """Split rendered text into lines and take the marks out.

    A line that a value brought along (a script's inner lines) belongs to the template line that printed the value,
    which is the next one marked. A line without any value is the template's own whatever stands around it, unless a
    policy put it there.
    """
    stack: list[Origin] = []
    found: list[TracedLine] = []
    here: Origin | None = None
    source: TemplateLine | None = None
    valued = False
    text, *rest = _END.split(marked)
    for mark, more in zip([*rest[::2], "\n"], [*rest[1::2], ""], strict=True):
        if mark == "\n":
            own = source is not None and not valued and (here is None or here.kind != "policy")
            found.append(TracedLine(text, source, None if own else here))
            valued = valued and source is None
            text, source, here = more, None, stack[-1] if stack else None
            continue
        if mark == VALUE:
            valued = True
        elif mark == CLOSE:
            stack = stack[:-1]
            if not text.strip():
                here = stack[-1] if stack else None
        elif mark >= _FIRST_OPEN:
            here = origins[ord(mark) - _OPEN]
            stack.append(here)
        else:
            source = lines[ord(mark) - _LINE]
        text += more
    return _filled(found)


def _filled(found: list[TracedLine]) -> list[TracedLine]:
    """Give each line without a template line the next one's, and those behind the last one its own."""
    source = next((line.source for line in reversed(found) if line.source is not None), None)
    for index in range(len(found) - 1, -1, -1):
        line = found[index]
        if line.source is None:
            found[index] = TracedLine(line.text, source, line.origin)
        else:
            source = line.source
    return found
