"""Golden sentences: what each must cause, and what must be said where it causes nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import eval_intent  # noqa: E402 -- scripts beside the package, found by the path above
from intent_scoring import REACHED, differences, facts_for, goldens, score  # noqa: E402

from penstock.generation.intent import read_intent  # noqa: E402

GOLDENS = goldens()


@pytest.mark.parametrize("golden", [each for each in GOLDENS if each.alone], ids=lambda golden: golden.id)
def test_a_golden_sentence_causes_its_changes_without_a_model(golden):
    changes = read_intent(golden.sentence, facts_for(golden.repository)).changes
    scored = score(golden, changes)
    assert scored.verdict == REACHED, differences(golden, changes)
    assert scored.unsaid == ()


@pytest.mark.parametrize("golden", [each for each in GOLDENS if not each.alone], ids=lambda golden: golden.id)
def test_a_sentence_that_takes_a_model_is_not_passed_over_in_silence(golden):
    changes = read_intent(golden.sentence, facts_for(golden.repository)).changes
    assert golden.says
    assert score(golden, changes).unsaid == ()
    assert changes.not_understood or changes.questions


def test_there_are_enough_sentences_and_each_has_its_own_name():
    assert len(GOLDENS) >= 44
    assert sum(golden.alone for golden in GOLDENS) >= 30
    assert len({golden.id for golden in GOLDENS}) == len(GOLDENS)


def test_every_sentence_that_needs_no_model_is_understood_to_its_last_word_or_says_so():
    for golden in GOLDENS:
        changes = read_intent(golden.sentence, facts_for(golden.repository)).changes
        expected_rest = golden.kind == "hostile" or not golden.alone
        assert bool(changes.not_understood) <= expected_rest, (golden.id, changes.not_understood)


def test_the_page_of_the_documentation_holds_the_table_as_it_is():
    rows = asyncio.run(eval_intent.answers(eval_intent.alone))
    page = eval_intent.DOCS.read_text(encoding="utf-8")
    assert eval_intent.with_table(page, rows) == page, "make eval-intent ARGS=--write-docs"
