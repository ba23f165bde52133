"""SKILL.md is read with a shrug and published with a raised eyebrow."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.skills.frontmatter import FrontMatterProblem, faults, parse

GOOD = """---
name: acme-node
description: Builds services. Use it for Node.js.
license: Apache-2.0
metadata:
  version: "1.10.0"
  role: language
  languages: javascript typescript
---

# How

Do it.
"""


def test_front_matter_and_instructions_are_told_apart():
    found = parse(GOOD, folder="acme-node")
    assert (found.name, found.description) == ("acme-node", "Builds services. Use it for Node.js.")
    assert found.words("languages") == ("javascript", "typescript")
    assert found.other == {"license": "Apache-2.0"}
    assert found.body == "# How\n\nDo it."
    assert found.warnings == ()
    assert faults(GOOD, folder="acme-node") == []


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    windows = "\ufeff" + GOOD.replace("\n", "\r\n")
    assert parse(windows, folder="acme-node") == parse(GOOD, folder="acme-node")


def test_three_dashes_inside_a_value_or_the_body_cut_nothing():
    text = GOOD.replace("Builds services.", "Builds --- services.").replace("Do it.", "Do it.\n\n---\n\nAnd this.")
    found = parse(text, folder="acme-node")
    assert found.description == "Builds --- services. Use it for Node.js."
    assert found.body.endswith("---\n\nAnd this.")


def test_versions_stay_as_they_are_written():
    found = parse(GOOD.replace('"1.10.0"', "1.10"), folder="acme-node")
    assert found.metadata["version"] == "1.10"
    assert any("metadata.version" in each for each in found.warnings)


def test_an_unquoted_colon_is_read_and_told():
    text = GOOD.replace("Builds services.", "Use when: building.")
    found = parse(text, folder="acme-node")
    assert found.description == "Use when: building. Use it for Node.js."
    assert found.warnings == ("a value that holds a colon is not quoted",)
    assert faults(text, folder="acme-node") == list(found.warnings)


def test_reading_forgives_another_name_and_unknown_keys_and_publishing_does_not():
    text = GOOD.replace("license: Apache-2.0", "disabled: true")
    found = parse(text, folder="house-node")
    assert found.name == "house-node"
    assert len(found.warnings) == 2
    said = " ".join(faults(text, folder="house-node"))
    assert "disabled" in said
    assert "house-node" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line ---"),
        ("# Only Markdown\n", "line ---"),
        ("---\nname: x\n", "second line ---"),
        ("---\n---\nbody", "no mapping"),
        ("---\n- a list\n---\n", "no mapping"),
        ("---\nname: [broken\n---\n", "not YAML"),
        ("---\nname: acme-node\n---\nbody", "no description"),
        ("---\nname: acme-node\ndescription: '  '\n---\nbody", "no description"),
        ("---\nname: &a [*a]\ndescription: x\n---\n", "not YAML"),
    ],
)
def test_what_cannot_be_used_says_why(text: str, reason: str):
    with pytest.raises(FrontMatterProblem, match=reason):
        parse(text)
    assert len(faults(text, folder="acme-node")) == 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("name: acme-node", "name: Acme--Node", "name:"),
        ('"1.10.0"', '"1.10"', "metadata.version"),
        ("role: language", "role: everything", "metadata.role"),
        ("languages: javascript typescript", "languages: JavaScript", "metadata.languages"),
        ("  languages: javascript typescript\n", "", "names its languages"),
        ("role: language", "role: runtime", "names its targets"),
        ("Builds services.", "Builds <b>services</b>.", "description"),
        ("Builds services.", "Builds services. " * 70, "1024"),
        ("license: Apache-2.0", "license: Apache-2.0\nlicense: MIT", "twice"),
        ("license: Apache-2.0", "allowed-tools: [Bash]", "allowed-tools"),
        ("license: Apache-2.0", "compatibility: ''", "compatibility"),
        ("  role: language", "  role: [language]", "metadata.role"),
        ("\n# How\n\nDo it.\n", "", "no instructions"),
        ("Do it.", "Do it.\n" * 500, "500 at most"),
    ],
)
def test_each_fault_of_a_skill_is_named_before_it_is_published(before: str, after: str, said: str):
    assert before in GOOD
    assert said in "; ".join(faults(GOOD.replace(before, after), folder="acme-node"))


@given(st.text())
def test_no_text_breaks_the_reader(text: str):
    with contextlib.suppress(FrontMatterProblem):
        assert parse(text).description
    assert faults(text, folder="x") != []


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), min_size=1).filter(
        str.strip
    ),
    st.text(),
)
def test_every_description_that_yaml_can_hold_comes_back(description: str, body: str):
    text = f"---\nname: x\ndescription: {json.dumps(description, ensure_ascii=False)}\n---\n{body}"
    assert parse(text).description == description.strip()


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_the_body_is_never_read_as_front_matter(body: str):
    text = f"---\nname: x\ndescription: d\n---\n{body}"
    assert parse(text).body == body.strip("\n")
