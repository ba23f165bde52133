"""Searches over all texts of a file at once find what searches over each of them find."""

from __future__ import annotations

import pytest

from penstock.policy.secrets import scan
from penstock.policy.secrets.lines import worth_a_look, worth_looks

TEXTS = (
    "", "plain words", "token", "a token", "key=value", "first line\npassword: second", "PAT: x", "spat: x", "no pat",
    "connection", "string: a", "connection string: x", "a connection\nstring", "ends with a: login", "üñ: sécret", "<key>",
    "login: at its start", "x=1\n", "\nsecret: behind a line end", "=", "the last one has a: key",
)  # fmt: skip
TOKEN = "AKIA" + "Q3EGRJ5YHDVN2KLM"
PASSWORD = "Zk8vRt2xLm5q"


def test_texts_looked_at_together_are_those_looked_at_alone() -> None:
    assert worth_looks(TEXTS) == {text for text in TEXTS if worth_a_look(text)}
    assert worth_looks(reversed(TEXTS)) == worth_looks([*TEXTS, *TEXTS]) == worth_looks(TEXTS)


def test_no_texts_are_no_work() -> None:
    assert worth_looks([]) == worth_looks([""]) == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        f"steps:\n- args: [a, b, '{TOKEN[:9]}', '{TOKEN[9:]}']\n- args: [c, d]\n",
        f"a: [x, y]\nb:\n  c:\n  - 'z'\n  - '{TOKEN[:5]}'\n  - '{TOKEN[5:12]}'\n  - '{TOKEN[12:]}'\n",
        f"a: plain\nb: >\n  {TOKEN[:10]}\n  {TOKEN[10:]}\n",
    ],
)
def test_a_token_in_pieces_is_found_in_whichever_list_or_block_it_stands(text: str) -> None:
    assert [found.rule for found in scan(text, path="a.yaml")] == ["security.secrets.provider_token"]


def test_pieces_of_two_lists_are_no_token() -> None:
    text = f"a: [x, '{TOKEN[:9]}']\nb: ['{TOKEN[9:]}', y]\n"
    assert scan(text, path="a.yaml") == ()


def test_only_the_text_that_holds_a_password_is_told() -> None:
    text = f"a: mysql -u root db\nb:\n  c: mysql -p{PASSWORD} db\nd: mysql --version\n"
    assert [(found.line, found.pointer) for found in scan(text, path="a.yaml")] == [(3, "/b/c")]
