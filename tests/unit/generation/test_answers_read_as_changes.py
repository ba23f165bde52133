"""Answers become changes, or reasons that can be sent back; the schema says the same as Changes in fewer words."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from changes_of_any_kind import CHANGES, FITTING
from hypothesis import given, settings

from penstock.domain.changes import Changes
from penstock.generation.answers import UnusableAnswer, answer_of, answer_schema, changes_from


def shapes(schema: Any) -> list[dict[str, Any]]:
    found = [schema] if isinstance(schema, dict) else []
    below = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return found + [each for value in below for each in shapes(value)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "The answer is empty."),
        ("  \n", "The answer is empty."),
        ("I would add a step.", "The answer is not JSON"),
        ('{"region": "europe-we', "The answer is not JSON"),
        ("[]", "The answer is a list, not one JSON object."),
        ("null", "The answer is a null"),
        ('{"region": "a", "region": "b"}', "the key region stands twice"),
        ('{"notes": [{"a": 1, "a": 2}]}', "the key a stands twice"),
        ('{"build_timeout_s": NaN}', "NaN is no number"),
        ('{"build_timeout_s": -Infinity}', "-Infinity is no number"),
        ('{"build_timeout_s": ' + "9" * 5000 + "}", "too many digits"),
        ('{"notes": ' + "[" * 500 + "]" * 500 + "}", "nests deeper"),
        ("[" * 200_000, "nests deeper"),
        ('{"notes": ["' + "x" * 300_000 + '"]}', "longer than 256 KiB"),
        ('{"region": "Europe"}', "region: String should match pattern"),
        (
            '{"services": [{"name": "a", "port": 70000}]}',
            "services[0].port: Input should be less than or equal to 65535",
        ),
        ('{"steps": []}', "steps: there is no such field"),
        ('{"add_steps": [{"id": "a"}]}', "add_steps[0].title: Field required"),
        ('{"notes": ["\\ud800"]}', "notes[0]: Input should be a valid string"),
        (
            '{"change_steps": [{"id": "a", "env": [{"name": "A"}]}]}',
            "change_steps[0].env[0]: it takes a name and a value",
        ),
        (
            '{"change_steps": [{"id": "a", "env": [{"name": "A", "value": ""}, {"name": "A", "value": ""}]}]}',
            "A is named twice",
        ),
    ],
)
def test_an_unusable_answer_is_refused_with_its_reason(answer: str, words: str):
    with pytest.raises(UnusableAnswer) as refused:
        changes_from(answer)
    assert any(words in reason for reason in refused.value.reasons), refused.value.reasons


def test_reasons_are_few_and_short_and_repeat_no_long_text():
    secret = "s3cr3t" * 100
    document = {"region": secret, secret: 1, "services": [{"name": secret}] * 30, "notes": [secret * 2]}
    with pytest.raises(UnusableAnswer) as refused:
        changes_from(json.dumps(document))
    assert len(refused.value.reasons) <= 11
    assert all(len(reason) < 400 and secret not in reason for reason in refused.value.reasons)
    assert "and" in refused.value.reasons[-1]


def test_null_empty_and_missing_mean_the_same():
    spelled = {
        "region": "", "target": None, "services": [{"name": "a", "port": "", "public": "", "cpu": None}],
        "add_steps": [{"id": "a", "title": "A", "lanes": ["main"], "script": "x", "image": "", "service": ""}],
    }  # fmt: skip
    short = {"services": [{"name": "a"}], "add_steps": [{"id": "a", "title": "A", "lanes": ["main"], "script": "x"}]}
    assert changes_from(json.dumps(spelled)) == changes_from(json.dumps(short)) == Changes.model_validate(short)


def test_an_empty_text_that_is_a_value_stays_one():
    variables = {"services": [{"name": "a", "env": [{"name": "A", "value": ""}]}]}
    assert changes_from(json.dumps(variables)).services[0].env[0].value == ""
    with pytest.raises(UnusableAnswer):
        changes_from('{"services": [{"name": ""}]}')


def test_an_answer_in_a_fence_is_read():
    assert changes_from('```json\n{"target": "gke"}\n```').target == "gke"


@settings(max_examples=150, deadline=None)
@given(CHANGES | FITTING)
def test_whatever_changes_there_are_can_be_answered_and_are_read_back_the_same(changes: Changes):
    answer = answer_of(changes)
    jsonschema_rs.validator_for(answer_schema()).validate(answer)
    assert changes_from(json.dumps(answer)) == changes
    assert changes_from(changes.model_dump_json()) == changes


def test_the_schema_keeps_to_the_subset_that_structured_output_takes():
    schema = answer_schema()
    words = {"type", "properties", "required", "additionalProperties", "items", "enum", "description", "$ref", "$defs"}
    named = [set(each) - words for each in shapes(schema) if "type" in each or "enum" in each or "$ref" in each]
    assert [unknown for unknown in named if unknown and not unknown <= set(schema["$defs"])] == []
    objects = [each for each in shapes(schema) if each.get("type") == "object"]
    assert all(each["additionalProperties"] is False for each in objects)
    missing = sum(len(set(each["properties"]) - set(each["required"])) for each in objects)
    assert missing <= 24
    assert not [each for each in shapes(schema) if "anyOf" in each or isinstance(each.get("type"), list)]


def test_the_sdk_finds_nothing_to_change_in_the_schema():
    from anthropic import transform_schema

    assert transform_schema(answer_schema()) == answer_schema()


def test_the_schema_is_small_and_the_callers_own():
    schema = answer_schema()
    assert len(json.dumps(schema, separators=(",", ":"))) < 16_000
    schema["properties"].clear()
    assert "target" in answer_schema()["properties"]
