"""What shall not be and is no wish of its own: it adds nothing, takes nothing away, and is told."""

from __future__ import annotations

from penstock.generation.intent.negation import Negated
from penstock.generation.intent.wishes import Wishes


def read(wishes: Wishes) -> None:
    """Take what no reader was shown, since it is negated, and say that nothing was made of it."""
    sentence = wishes.sentence
    together: dict[Negated, list[tuple[int, int]]] = {}
    for start, end in sentence.denied:
        if not sentence.is_taken(start, end):
            together.setdefault(sentence.negation_of(start), []).append((start, end))
    for part, spans in together.items():
        words = sentence.take_negated(min(start for start, _ in spans), max(end for _, end in spans))
        if not part.instead or not wishes.said:
            wishes.unchanged(words)
