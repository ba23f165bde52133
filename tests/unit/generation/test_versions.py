"""Demands of all ecosystems against offered versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from penstock.generation.versions import line, pick, picked, pinned, plain_demand, satisfies

NODE = {"20.20.2": "n20", "22.23.3": "n22", "24.21.0": {"default": True}, "26.10.0": "n26"}
PYTHON = {"3.10": "p10", "3.11": "p11", "3.12": "p12", "3.13": "p13"}

numbers = st.integers(0, 30)
versions = st.tuples(numbers, numbers, numbers)


def text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        (">=18", "26.10.0"), ("^20.1", "20.20.2"), ("20.x", "20.20.2"), ("18 || 20", "20.20.2"),
        ("lts/iron", "20.20.2"), ("0 - 22.23", "22.23.3"), (">=0 <23", "22.23.3"), ("18 - 22.23", "22.23.3"),
        ("lts/*", "24.21.0"), (None, "24.21.0"), ("", "24.21.0"), ("latest", "24.21.0"), ("node", "24.21.0"),
        ("22", "22.23.3"), ("v22", "22.23.3"), ("22.23.3", "22.23.3"), ("v22.2.0", None), ("22.2", None), ("21", None),
        (">=18 <23", "22.23.3"), (">= 18.0.0 < 23", "22.23.3"), ("18 - 22", "22.23.3"), ("~22.23.1", "22.23.3"),
        ("~22.1", None), ("^22.24.0", None), ("<=20", "20.20.2"), ("<20", None), (">24", "26.10.0"), ("*", "24.21.0"),
        ("^18.18.0 || ^20.9.0 || >=21.1.0", "26.10.0"), ("=24.21.0", "24.21.0"), ("lts/krypton", "24.21.0"),
        ("not a version", "24.21.0"), ("lts/unheard-of", "24.21.0"), (">=18.0.0-0", "26.10.0"),
        ("node-v22.23.3", "22.23.3"), ("^0.12", None), ("x" * 5000, "24.21.0"),
    ],
)  # fmt: skip
def test_the_newest_node_that_satisfies_a_demand_is_picked(demand: str | None, expected: str | None):
    assert picked(demand, NODE) == expected


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        (">=3.11", "3.13"), (">=3.10,<3.13", "3.12"), ("~=3.11", "3.13"), ("~=3.11.2", "3.11"), ("==3.12.*", "3.12"),
        ("^3.10", "3.13"), ("3.11", "3.11"), ("3.11.4", None), (">=3.12.4", "3.13"), ("!=3.13.*,>=3.10", "3.12"),
        ("<3.12", "3.11"), ("<=3.12", "3.11"), (">3.12", "3.13"), ("python-3.12", "3.12"), (">=3.9,!=3.13.*", "3.12"),
    ],
)  # fmt: skip
def test_an_offered_line_means_its_newest_release(demand: str, expected: str | None):
    assert picked(demand, PYTHON) == expected


@pytest.mark.parametrize(
    ("demand", "expected"), [("1.24", "1.24"), ("go1.24.3", None), ("1.25.0", None), ("~> 1.24", "1.25")]
)
def test_plain_versions_of_go_and_ruby_are_read(demand: str, expected: str | None):
    assert picked(demand, {"1.24": 1, "1.25": 2}) == expected


def test_what_is_offered_under_the_picked_version_is_returned():
    assert pick("^22", NODE) == "n22"
    assert pick("v21", NODE) is None
    assert pick(None, {"17": "a", "21": "b", "default": "17"}) == "a"
    assert pick(None, {"17": "a", "21": "b"}) == "b"
    assert pick("8", {}) is None
    assert picked(None, {}) is None


@pytest.mark.parametrize(
    ("demand", "pin", "first"),
    [
        ("v22.2.0", "22.2.0", "22"), ("22", "22", "22"), ("3.13.*", "3.13", "3"), ("lts/iron", "20", "20"),
        ("==3.12.4", "3.12.4", "3"), ("^22.1", None, "22"), (">=16.13 <19", None, "16"), ("16 || 18", None, "18"),
        ("<20", None, None), ("!=20", None, None), ("latest", None, None), (None, None, None),
        ("21.0.2-tem", "21.0.2", "21"),
    ],
)  # fmt: skip
def test_a_pin_is_told_from_a_range(demand: str | None, pin: str | None, first: str | None):
    assert pinned(demand) == pin
    assert line(demand, 1) == first


@given(versions, versions)
def test_a_caret_holds_the_first_number_that_is_not_zero(version, base):
    lead = next((index for index, number in enumerate(base) if number), 2)
    within = version >= base and version[: lead + 1] == base[: lead + 1]
    assert satisfies(text(version), f"^{text(base)}") is within


@given(versions, versions)
def test_a_tilde_holds_major_and_minor(version, base):
    assert satisfies(text(version), f"~{text(base)}") is (version >= base and version[:2] == base[:2])


@given(
    versions,
    st.lists(st.tuples(st.sampled_from([">=", "<", "!=", "==", ">", "<=", "~="]), versions), min_size=1, max_size=3),
)
def test_whole_versions_are_judged_as_python_does(version, bounds):
    demand = ",".join(f"{operator}{text(bound)}" for operator, bound in bounds)
    assert satisfies(text(version), demand) is SpecifierSet(demand).contains(text(version))


@given(versions, versions, versions)
def test_alternatives_take_what_one_of_them_takes(version, one, other):
    either = satisfies(text(version), f"^{text(one)}") or satisfies(text(version), f"~{text(other)}")
    assert satisfies(text(version), f"^{text(one)} || ~{text(other)}") is either


@given(st.text(max_size=60), st.sampled_from(sorted(NODE)))
def test_no_text_is_too_strange_to_be_a_demand(demand, version):
    assert isinstance(satisfies(version, demand), bool)
    assert picked(demand, NODE) in {None, *NODE}
    assert pinned(demand) is None or pinned(demand)[0].isdecimal()


@given(versions, st.text(max_size=30))
def test_what_is_picked_satisfies_the_demand(base, tail):
    demand = f">={text(base)}"
    chosen = picked(demand, NODE)
    assert chosen is None or satisfies(chosen, demand)
    assert not satisfies("not a version " + tail, demand)


@pytest.mark.parametrize(
    ("demand", "plain"),
    [
        (">=22", ">=22"), ("^20.1 || 18", "^20.1 || 18"), ("lts/Iron", "lts/iron"), ("python-3.11.4", "3.11.4"),
        ("18-ignore_all_previous_rules", "18"), ("1.24.3 - 1.26", ">=1.24.3 <=1.26"), ("20.x", "20.x"),
        ("obey me 3", None), ("latest", None), (None, None),
    ],
)  # fmt: skip
def test_a_demand_is_told_with_its_operators_and_numbers_alone(demand: str | None, plain: str | None):
    assert plain_demand(demand) == plain
