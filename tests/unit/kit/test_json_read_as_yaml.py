"""JSON takes a faster way through the YAML reader; a comment behind it takes the same text the long way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kit.guarded_yaml import YamlDocument, YamlProblem, load_documents
from penstock.kit.plain_json import plain_json

KEYS = st.sampled_from(["a", "b", "<<", "no", "1", "", "=", "x y", "a/b", "~", '"', "on", "é"])
LEAVES = st.one_of(
    st.sampled_from(
        ["", "no", "1", "~", "<<", "# x", "a: b", "*a", '"q"', "\\", "\n", "\t", "é", "\u2028", "\b\f\r", "|"]
    ),
    st.integers(-5, 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3))


def both(text: str) -> tuple[tuple[YamlDocument, ...] | str, tuple[YamlDocument, ...] | str]:
    return read(text), read(f"{text}\n# the long way\n")


def read(text: str) -> tuple[YamlDocument, ...] | str:
    try:
        return load_documents(text)
    except YamlProblem as problem:
        return problem.reason


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from([None, 1, 2]), st.booleans())
def test_both_ways_give_the_same(value: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    short, long = both(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    assert short == long


TEXT = '{\n  "files": {\n    "a/b": "x",\n    "c": [1, true]\n  }\n}\n'


def test_places_are_found_when_somebody_asks() -> None:
    [short], [long] = both(TEXT)
    assert plain_json(TEXT) is not None
    for pointer in ("", "/files/a~1b", "/files/c/1", "/nowhere"):
        assert (short.position(pointer), short.value_position(pointer)) == (
            long.position(pointer),
            long.value_position(pointer),
        )
    assert short.position("/files/c") == (4, 5)


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"a": -0}', '{"a": 1.10}', '{"a":1}', '{"a": "\\u0041"}', '{\t"a": 1}', '{"a": 1e3}', "[1]",
     '{"a": ' * 40 + "1" + "}" * 40, '{"' + "k" * 600 + '": 1}', '{"a": NaN}', "{a: 1}"],
)  # fmt: skip
def test_whatever_the_two_readers_could_take_differently_goes_the_long_way(text: str) -> None:
    assert plain_json(text) is None
    short, long = both(text)
    assert short == long


def test_a_key_given_twice_is_still_told() -> None:
    [document] = load_documents('{"a": 1, "a": 2}')
    assert [each.kind for each in document.findings] == ["duplicate-key"]
