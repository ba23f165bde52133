"""The developer's sentence, and which parts of it something was made of.

The text is cleaned once (control characters, marks of direction, quotes of many kinds) and keeps its positions from
then on: ``low`` is what patterns see, ``text`` is what is quoted.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from penstock.domain.pipelines import MAX_INTENT
from penstock.generation.intent.filler import FILLER, NEGATIONS, NOUNS
from penstock.generation.intent.negation import Negated, negated_parts

T = TypeVar("T")
_MOST_FOUND = 25
"""Places one pattern is taken at: nobody says the same thing more often, and a document holds less."""
_LEAD = re.compile(r"(?<![\w-])\w+")
_ODD = re.compile(r"[^\n\x20-\x7e\xa1-\xac\xae-\u024f]")
_QUOTES = str.maketrans("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a", "''''\"\"\"\"\"''")
_WORD = re.compile(r"[^\W_][\w.+#/:@%*'-]*")
_BREAK = re.compile(r"[.,;:!?](?=\s|$)|[\n()\[\]{}|]|\s[\u2013\u2014-]+\s|->|=>")
_UNSPACED = re.compile("[\u2e80-\ud7ff]{2}")
_END = ".,;:!?'\"-"
_BETWEEN = re.compile(
    r"[\s\"'`]*(?:and|then|but|also|plus|und|dann|aber|et|puis|mais|y|e|luego|pero)?[\s\"'`]*", re.IGNORECASE
)
_COMPOUND = re.compile(r"[a-z0-9][-_./ ][a-z0-9]", re.IGNORECASE)
_SHOWN = 300
_MASK = "(hidden)"
_CREDENTIAL = re.compile(
    r"(?:\b(?:sk|pk|rk)_(?:live|test)_|\bgh[pousr]_|\bgithub_pat_|\bglpat-|\bxox[a-z]-|\bAKIA|\bASIA|\bAIza"
    r"|\bya29\.|\bsk-"
    r"|\beyJ[A-Za-z0-9_-]{6}|\bpst_(?:live|test)_)[^\s\"',;]{4,400}|«redacted[^»]{0,80}»?"
    r"|(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/@:]{0,100}:[^\s/@]{1,200}@[^\s\"',;]{0,300}"
)
"""What has the form of a key or token, or of an address with a password in it."""


class Sentence:
    """A cleaned sentence. Readers find words in it and take the ones they made something of."""

    def __init__(self, intent: str) -> None:
        self.text = _cleaned(intent[:MAX_INTENT])
        self.low = _lowered(self.text)
        self._taken = bytearray(len(self.text))
        self._around: dict[tuple[re.Pattern[str], int], list[tuple[int, int]]] = {}
        self._hidden = [found.span() for found in _CREDENTIAL.finditer(self.text)]
        self._names: list[tuple[int, int]] = []
        self.denied: list[tuple[int, int]] = []
        """What a reader was not shown, since it is negated."""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the sentence in small letters: cheap to ask before a pattern is tried."""
        return frozenset(found.group().rstrip(_END) for found in _WORD.finditer(self.low))

    @cached_property
    def breaks(self) -> tuple[int, ...]:
        """Where clauses end."""
        return (*(found.start() for found in _BREAK.finditer(self.text)), len(self.text))

    @cached_property
    def negated(self) -> tuple[Negated, ...]:
        """What negations govern."""
        return negated_parts(self.low, self.breaks)

    def know(self, names: Iterable[str]) -> None:
        """Learn names of several words: no word inside one of them is a wish."""
        for name in names:
            if _COMPOUND.search(name):
                whole = re.compile(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])")
                self._names += [found.span() for found in whole.finditer(self.low)]

    def is_negated(self, at: int) -> bool:
        """Whether what stands at a position shall not be: negated, and not turned around again."""
        around = [part for part in self.negated if part.start <= at < part.end]
        return any(not part.turns for part in around) != (sum(part.turns for part in around) % 2 == 1)

    def is_affirmed_twice(self, at: int) -> bool:
        """Whether two negations stand before a position: never skip."""
        return any(part.start <= at < part.end for part in self.negated) and not self.is_negated(at)

    def negation_of(self, at: int) -> Negated:
        """Return the negated part around a position. Raises StopIteration where nothing is negated."""
        return next(part for part in self.negated if part.start <= at < part.end)

    def take_negated(self, start: int, end: int) -> str:
        """Take what is negated together with its negation, and return it in the developer's words."""
        for part in self.negated:
            if part.cue <= start < part.end:
                start, end = min(start, part.cue), max(end, part.end if part.cue == part.start else end)
        return self.take((start, end))

    def any(self, *parts: str) -> bool:
        """Whether one of the parts occurs: cheap to ask before a pattern is tried."""
        return any(part in self.low for part in parts)

    def find(
        self,
        pattern: re.Pattern[str],
        near: re.Pattern[str] | None = None,
        reach: int = 60,
        *,
        exact: bool = False,
        negated: bool = False,
    ) -> Iterator[re.Match[str]]:
        """Yield the first places where a pattern fits and nobody else has taken a letter; ``exact`` minds capitals.

        ``near`` is a quick pattern for what every fit holds: only ``reach`` characters around it are looked at. What is
        negated is shown only with ``negated``, to a reader that asks is_negated; the others' is kept in ``denied``.
        """
        text = self.text if exact else self.low
        count = 0
        for first, last in self._windows(near, reach) if near else ((0, len(text)),):
            for found in pattern.finditer(text, first, last):
                if self._taken.find(1, found.start(), found.end()) < 0 and not self._in_name(*found.span()):
                    if not negated and self.is_negated(found.start()):
                        self.denied.append(found.span())
                        continue
                    yield found
                    count += 1
                    if count == _MOST_FOUND:
                        return

    def at_words(self, table: Mapping[str, Sequence[tuple[T, re.Pattern[str]]]]) -> Iterator[tuple[T, re.Match[str]]]:
        """Yield what fits where a word of the table begins, and nobody else has taken a letter."""
        for start, word in self.leads:
            for thing, pattern in table.get(word, ()):
                found = pattern.match(self.low, start)
                if found is None or self._taken.find(1, found.start(), found.end()) >= 0:
                    continue
                if not self._in_name(*found.span()):
                    yield thing, found

    def _in_name(self, start: int, end: int) -> bool:
        """Whether a part lies in a name that is known, or begins inside of one."""
        return any(first < start < last or (start == first and end <= last) for first, last in self._names)

    @cached_property
    def leads(self) -> tuple[tuple[int, str], ...]:
        """The words, cut at hyphens and other signs, each with its place."""
        return tuple((found.start(), found.group()) for found in _LEAD.finditer(self.low))

    def _windows(self, near: re.Pattern[str], reach: int) -> list[tuple[int, int]]:
        """Return the parts of the sentence around what a pattern fits, those that overlap as one."""
        key = (near, reach)
        if key in self._around:
            return self._around[key]
        windows: list[tuple[int, int]] = []
        for found in near.finditer(self.low):
            if windows and found.end() + reach <= windows[-1][1]:
                continue
            first, last = max(0, found.start() - reach), min(len(self.low), found.end() + reach)
            space = self.low.find(" ", last)
            last = min(space if space >= 0 else len(self.low), last + reach)
            if windows and first <= windows[-1][1]:
                windows[-1] = (windows[-1][0], last)
            else:
                windows.append((first, last))
        self._around[key] = windows
        return windows

    def take(self, found: re.Match[str] | tuple[int, int]) -> str:
        """Remember that something was made of this part, and return it in the developer's words."""
        start, end = found if isinstance(found, tuple) else found.span()
        self._taken[start:end] = b"\1" * (end - start)
        return self.shown(start, end)

    def is_taken(self, start: int, end: int) -> bool:
        """Whether something was made of any letter of a part."""
        return self._taken.find(1, start, end) >= 0

    def original(self, found: re.Match[str], group: int | str = 0) -> str:
        """Return a group of a match in the developer's own letters."""
        return self.text[found.start(group) : found.end(group)]

    def shown(self, start: int, end: int) -> str:
        """Return a part for people: on one line, not too long, without what looks like a credential."""
        shown, at = [], start
        for first, last in self._hidden:
            if last > start and first < end:
                shown += [self.text[at : max(first, at)], _MASK]
                at = max(at, last)
        shown.append(self.text[at:end] if at < end else "")
        text = " ".join("".join(shown).split())
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

    def clause(self, at: int) -> tuple[int, int]:
        """Return where the clause around a position begins and ends."""
        index = bisect_left(self.breaks, at)
        start = self.breaks[index - 1] + 1 if index else 0
        return start, self.breaks[index] if index < len(self.breaks) else len(self.text)

    def before(self, at: int, length: int = 40) -> str:
        """Return what stands before a position, within its clause."""
        return self.low[max(self.clause(at)[0], at - length, 0) : at]

    def left_over(self, known: Iterable[str]) -> list[str]:
        """Return the parts nothing was made of, each in the developer's words; ``known`` words mean nothing alone."""
        familiar = FILLER | frozenset(known)
        parts: list[str] = []
        start = 0
        for end in self.breaks:
            run: list[tuple[int, int, bool]] = []
            for found in _WORD.finditer(self.text, start, end):
                first, last = found.span()
                if self._taken.find(1, first, last) >= 0:
                    parts += self._said(run)
                    parts += () if self.text.isascii() else self._beside(first, last)
                    run = []
                    continue
                word = self.low[first:last].rstrip(_END)
                run.append((first, first + len(word), _means_nothing(word, familiar)))
            parts += self._said(run)
            start = end
        return list(dict.fromkeys(parts))

    def _beside(self, first: int, last: int) -> list[str]:
        """Return what stands beside taken letters in one word, in scripts that write words without blanks."""
        rest = "".join("\0" if self._taken[at] else self.text[at] for at in range(first, last))
        return [part.strip(_END) for part in rest.split("\0") if _UNSPACED.search(part)]

    def _said(self, run: list[tuple[int, int, bool]]) -> list[str]:
        """Return a run of words without the empty ones around it; none when all of them are."""
        told = [index for index, word in enumerate(run) if not word[2]]
        if not told:
            return []
        if all(self.low[run[index][0] : run[index][1]] in NEGATIONS for index in told):
            if any(
                run[0][0] <= part.cue <= run[-1][1] and self.is_taken(part.start, part.end) for part in self.negated
            ):
                return []  # a reader heard what it negates
            return [self.shown(*self.clause(run[told[0]][0])).strip(" ,.;:")]
        first, last = told[0], told[-1]
        while first > 0 and self.low[run[first - 1][0] : run[first - 1][1]] in NEGATIONS:
            first -= 1
        if first == last < len(run) - 1 and self.low[run[last + 1][0] : run[last + 1][1]] in NOUNS:
            last += 1
        return [self.shown(run[first][0], run[last][1])]


def joined(between: str) -> bool:
    """Whether what stands between two words only joins them: a comma, an "and"."""
    return _BETWEEN.fullmatch(between.replace(",", " ", 1)) is not None


def _means_nothing(word: str, familiar: frozenset[str]) -> bool:
    if not word or word in familiar:
        return True
    parts = re.split(r"[/'+-]", word)
    return len(parts) > 1 and all(not part or part in familiar for part in parts)


def _cleaned(text: str) -> str:
    """Return the text without control characters, marks of direction and invisible signs."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(_kept, unicodedata.normalize("NFC", text.translate(_QUOTES)))


def _kept(found: re.Match[str]) -> str:
    """Return what becomes of a character that is not plainly a letter: itself, a blank, or nothing."""
    kind = unicodedata.category(found.group())
    if kind[0] not in "CZ":
        return found.group()
    return "" if kind in {"Cf", "Cn", "Cs", "Co"} else " "


def _lowered(text: str) -> str:
    """Return the text in small letters, every letter where it was."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)
