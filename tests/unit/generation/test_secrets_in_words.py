"""A secret in the words of an answer is refused at the gate, although the README's Markdown escapes its marks."""

from __future__ import annotations

from typing import Any

import pytest
from laying import judged, laid

KEY = "sk_" + "live_" + "51H8xQ2eZvKYlo2C0aB3dEfGh"


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("docs/cicd/README.md", {"notes": [f"Payments use {KEY} here."]}),
        ("docs/cicd/README.md", {"assumptions": [f"The key {KEY} is right."]}),
        ("docs/cicd/README.md", {"questions": [f"Is {KEY} still the key?"]}),
        ("docs/payments.md", {"extra_files": [{"path": "docs/payments.md", "content": KEY.replace("_", "\\_")}]}),
    ],
)
def test_a_token_in_words_is_refused_at_the_gate(path: str, changes: dict[str, Any]):
    made = laid(**changes)
    assert KEY not in made.files()[path], "Markdown escapes it"
    assert ("security.secrets.provider_token", path) in {(each.rule, each.file) for each in judged(made).violations}
