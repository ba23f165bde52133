"""Parsers that know lines: whatever they are given, a value with its places or a reason in words."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.detection import detect
from penstock.detection.dockerfiles import parse
from penstock.detection.folder import Folder
from penstock.detection.tree import MappingTree
from penstock.kit.located import ParseProblem, parse_json, parse_toml, parse_xml


def test_lines_of_nested_keys_are_known_in_json_and_toml() -> None:
    document = parse_json('{\n "a": {\n  "b,}": [1,\n   {"c": "x"}]\n }\n}')
    assert (document.line("a", "b,}"), document.line("a", "b,}", "1", "c"), document.line("a", "zz")) == (3, 4, 2)
    table = parse_toml("[tool.x]\n# note\na.b = 1\n[[tool.y]]\n'q r' = 2\n")
    assert (table.line("tool", "x", "a", "b"), table.line("tool", "y", "q r")) == (3, 5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1, 2]))
def test_json_is_read_as_written_and_every_key_has_a_line(value: object, indent: int | None) -> None:
    document = parse_json(json.dumps(value, indent=indent))
    assert document.value == value
    if isinstance(value, dict):
        assert all(document.line(key) for key in value)


@given(st.text(alphabet='{}[]:,"\\/*#=<>&;abc.\n 01', max_size=200))
def test_parsers_refuse_in_words_and_never_otherwise(text: str) -> None:
    for parser in (parse_json, parse_toml, parse_xml):
        with contextlib.suppress(ParseProblem):
            parser(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "a = " + "[" * 100_000, "<a>" * 100_000, "9" * 10_000]
)
def test_absurd_documents_are_refused(text: str) -> None:
    for parser in (parse_json, parse_toml, parse_xml):
        with pytest.raises(ParseProblem):
            parser(text)


NAMES = [
    "package.json", "deno.json", "Dockerfile", "compose.yaml", "skaffold.yaml", "Procfile", ".nvmrc", ".tool-versions",
    "mise.toml", "nx.json", "turbo.json", "pnpm-workspace.yaml", "a/package.json", "a/Dockerfile", "a.js",
    ".yarnrc.yml", ".env.example", "docs/cicd/penstock.lock.json", "angular.json", "pyproject.toml", "pom.xml",
    "go.mod", "Cargo.toml", "composer.json", "Gemfile", "mix.exs", "a.csproj", "build.gradle",
]  # fmt: skip
CONTENTS = st.binary(max_size=80) | JSON.map(lambda each: json.dumps(each).encode())


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), CONTENTS, max_size=8))
def test_any_repository_gets_an_answer(files: dict[str, bytes]) -> None:
    facts = detect(MappingTree(files), name="x")
    assert facts.deployable is bool(facts.services)
    assert facts.deployable or facts.reasons


@given(st.text(alphabet="FROMANSEXPOCDTYUVIG :$={}[]\"'\\<>#\nabc0198/-", max_size=200))
def test_any_dockerfile_is_parsed(text: str) -> None:
    docker = parse(Folder(MappingTree({"Dockerfile": text.encode()})), "Dockerfile")
    if docker.final is not None:
        docker.final.start()
        docker.final.port()
        docker.base(("node",))
