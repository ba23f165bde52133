"""The scanner on secrets in awkward shapes and on what only looks like one (secret_material.py)."""

from __future__ import annotations

import pytest
from secret_material import Case, benign, positives

from penstock.policy.secrets import redact, scan
from penstock.policy.secrets.scanner import find


@pytest.mark.parametrize("case", positives(), ids=lambda case: case.name)
def test_a_secret_is_found_whatever_its_shape(case: Case) -> None:
    hits = find(case.text, path=case.path)
    literals = [literal for hit in hits for literal in (hit.value, *hit.literals)]
    missed = [value for value in case.values if not any(value in each or each in value for each in literals)]
    assert (len(missed), len(case.values)) == (0, len(case.values)), [hit.detail for hit in hits]
    if case.rule:
        assert case.rule in {hit.rule for hit in hits}


@pytest.mark.parametrize("case", positives(), ids=lambda case: case.name)
def test_a_secret_is_told_once_and_where_it_stands(case: Case) -> None:
    found = find(case.text, path=case.path)
    assert len(found) <= len(case.values)
    for hit in found:
        line = case.text.split("\n")[hit.line - 1]
        first = (hit.literals or (hit.value,))[0].partition("\n")[0]
        assert line[hit.column - 1 :].startswith((first, "-----BEGIN"))


@pytest.mark.parametrize("case", benign(), ids=lambda case: case.name)
def test_what_only_looks_like_a_secret_is_left_alone(case: Case) -> None:
    assert [(each.line, each.rule, each.detail) for each in scan(case.text, path=case.path)] == []


@pytest.mark.parametrize("case", positives(), ids=lambda case: case.name)
def test_a_redacted_text_holds_no_secret(case: Case) -> None:
    cleaned = redact(case.text, path=case.path)
    assert not any(value in cleaned for value in case.values if len(value) > 5)
    assert "«redacted:security.secrets." in cleaned


@pytest.mark.parametrize("case", benign(), ids=lambda case: case.name)
def test_a_text_without_secrets_is_not_changed_by_redaction(case: Case) -> None:
    assert redact(case.text, path=case.path) == case.text
