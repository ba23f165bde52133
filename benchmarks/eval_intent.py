"""Score how golden sentences are understood: without a model, or by one.

usage: eval_intent.py [--model] [--verbose] [--write-docs]

Prints each sentence of golden_sentences.yaml with what it must cause, how near the answer came (reached, partly, no)
and what was not understood. --verbose lists every difference. --write-docs renews the table in docs/intent.md. --model
asks a model (MODEL below) instead of the reader. Exits with 1 when the reader misses a sentence that it must reach, or
does not say what it must say.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

from intent_scoring import PARTLY, REACHED, Golden, Score, differences, facts_for, goldens, in_short, score

from penstock.domain.changes import Changes
from penstock.domain.facts import RepositoryFacts
from penstock.generation.intent import read_intent

Answer = Callable[[str, RepositoryFacts], Awaitable[Changes]]
"""What is scored: ``async answer(sentence, facts) -> Changes``."""
MODEL = "intent_model"
"""Module beside this one whose ``answer`` asks a model; without it --model says so."""
DOCS = Path(__file__).parent.parent / "docs" / "intent.md"
BEGIN, END = "<!-- golden sentences: begin -->", "<!-- golden sentences: end -->"
_WIDE = 96
Row = tuple[Golden, Changes, Score]


def main() -> int:
    """Run the evaluation; returns the exit status."""
    options = _options()
    answer = _model() if options.model else alone
    rows = asyncio.run(answers(answer))
    for golden, changes, scored in rows:
        print(f"{scored.verdict:<8} {golden.id:<20} {golden.sentence}")
        print(f"{'':<29} must: {_short(in_short(golden.expect))}")
        if scored.verdict != REACHED or options.verbose:
            print("".join(f"{'':<35} {line}\n" for line in differences(golden, changes)), end="")
        if changes.not_understood:
            print(f"{'':<29} not understood: {_short('; '.join(changes.not_understood))}")
        if scored.unsaid:
            print(f"{'':<29} does not say: {'; '.join(scored.unsaid)}")
    print(f"\n{summary(rows)}")
    if options.write_docs:
        DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8"), rows), encoding="utf-8")
        print(f"The table stands in {DOCS.relative_to(DOCS.parent.parent)}.")
    return 0 if options.model or not any(_fails(row) for row in rows) else 1


async def alone(sentence: str, facts: RepositoryFacts) -> Changes:
    """Answer without a model."""
    return read_intent(sentence, facts).changes


async def answers(answer: Answer) -> list[Row]:
    """Return every golden sentence with its answer and its score."""
    rows = []
    for golden in goldens():
        changes = await answer(golden.sentence, facts_for(golden.repository))
        rows.append((golden, changes, score(golden, changes)))
    return rows


def summary(rows: list[Row]) -> str:
    """Return the score in one sentence."""
    reached = sum(scored.verdict == REACHED for _, _, scored in rows)
    partly = sum(scored.verdict == PARTLY for _, _, scored in rows)
    must = [row for row in rows if row[0].alone]
    kept = sum(not _fails(row) for row in must)
    return (
        f"{reached} of {len(rows)} reached, {partly} partly; of the {len(must)} that need no model, {kept} are right."
    )


def with_table(page: str, rows: list[Row]) -> str:
    """Return a page with the table between its marks made anew. Raises ValueError without the marks."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        message = f"The page has no {BEGIN} and {END}."
        raise ValueError(message)
    lines = ["| kind | sentence | for | must cause | without a model | must be said |", "|---|---|---|---|---|---|"]
    for golden, _, scored in rows:
        cells = (
            golden.kind,
            golden.sentence,
            golden.repository,
            in_short(golden.expect),
            scored.verdict,
            "; ".join(golden.says) or "-",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    table = "\n".join(lines)
    return f"{before}{BEGIN}\n{summary(rows)}\n\n{table}\n{END}{after}"


def _fails(row: Row) -> bool:
    golden, _, scored = row
    return bool(scored.unsaid) or (golden.alone and scored.verdict != REACHED)


def _model() -> Answer:
    try:
        answer: Answer = import_module(MODEL).answer
    except ModuleNotFoundError:
        sys.exit(f"No model is wired here: --model needs {MODEL}.py with async answer(sentence, facts) -> Changes.")
    return answer


def _short(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score how golden sentences are understood.")
    parser.add_argument("--model", action="store_true", help="ask the model instead of the reader")
    parser.add_argument("--verbose", action="store_true", help="list every difference")
    parser.add_argument("--write-docs", action="store_true", help="renew the table in docs/intent.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
