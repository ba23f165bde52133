from __future__ import annotations

import pytest

from penstock.kit.located import MAX_TOML_CHARACTERS, MAX_TOML_PARTS, ParseProblem, parse_toml


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\na" + ".a" * 20_000 + " = 1",
        "x = 1\n[a" + " . 'a'" * 20_000 + "]",
        "x = 1\nb = {a" + '."a"' * 20_000 + " = 1}",
    ],
)
def test_a_key_of_very_many_parts_is_refused_by_its_line(text: str):
    with pytest.raises(ParseProblem, match="key of more than 32 parts") as refused:
        parse_toml(text)
    assert refused.value.line == 2


def test_a_key_at_the_limit_is_read():
    path = ["a"] * MAX_TOML_PARTS
    assert parse_toml(".".join(path) + " = 1").get(*path) == 1


def test_a_toml_text_beyond_the_limit_is_not_read():
    with pytest.raises(ParseProblem, match="more than"):
        parse_toml("#" * (MAX_TOML_CHARACTERS + 1))
