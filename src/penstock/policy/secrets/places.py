"""Offsets into a text, as lines and columns."""

from __future__ import annotations

from bisect import bisect_right


class Places:
    """One text with its line starts, in characters and (for RE2, which works on UTF-8) in bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.raw = text.encode("utf-8", "surrogatepass")
        self._starts: list[int] | None = None
        self._raw_starts: list[int] | None = None

    def at(self, offset: int) -> tuple[int, int]:
        """Return 1-based line and column of a character offset."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """Return the character offset of a line and column."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        return self._starts[line - 1] + column - 1

    def at_byte(self, offset: int) -> tuple[int, int]:
        """Return 1-based line and column (in characters) of a byte offset."""
        if self._raw_starts is None:
            self._raw_starts = _line_starts(self.raw.decode("latin-1"))
        line = bisect_right(self._raw_starts, offset)
        before = self.raw[self._raw_starts[line - 1] : offset]
        return line, len(before.decode("utf-8", "replace")) + 1

    def find(self, needle: str, line: int, column: int = 1) -> tuple[int, int] | None:
        """Return the first place of a text at or after a line and column."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        if not 1 <= line <= len(self._starts):
            return None
        offset = self.text.find(needle, self._starts[line - 1] + column - 1)
        return self.at(offset) if offset >= 0 else None


def _line_starts(text: str) -> list[int]:
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts
