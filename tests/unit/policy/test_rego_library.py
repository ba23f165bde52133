"""The rules, run by the embedded engine: every Rego test holds, and the library keeps to what both engines run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import regorus

from penstock.policy import rule_table
from penstock.policy.catalogue import LIBRARY, catalogue, metadata, table

ROOT = Path(__file__).parents[3]
RULES = LIBRARY / "penstock" / "rules"
SOURCES = sorted(path for path in (LIBRARY / "penstock").rglob("*.rego") if not path.name.endswith("_test.rego"))
LIBRARIES = [path for path in SOURCES if path.parent.name == "lib"]
TEST = re.compile(r"^(test_\w+) if", re.MULTILINE)


def named(path: Path) -> str:
    return path.relative_to(LIBRARY / "penstock").as_posix()


def data() -> dict[str, Any]:
    return {path.parent.name: json.loads(path.read_text()) for path in (LIBRARY / "data").rglob("data.json")}


def test_every_rego_test_holds_in_the_embedded_engine() -> None:
    engine = regorus.Engine()
    engine.add_data_json(json.dumps(data()))
    names = []
    for path in sorted((LIBRARY / "penstock").rglob("*.rego")):
        source = path.read_text(encoding="utf-8")
        package = engine.add_policy(str(path), source)
        names += [f"{package}.{name}" for name in TEST.findall(source)]
    engine.set_input_json("{}")
    assert names
    assert [name for name in names if engine.eval_rule_as_json(name).strip() != "true"] == []


def test_catalogue_and_table_are_what_the_rules_say() -> None:
    written = data()["catalogue"]
    assert written == catalogue()
    assert (LIBRARY / "penstock" / "main" / "table.rego").read_text(encoding="utf-8") == table(list(written["rules"]))


def test_the_rule_table_in_the_documents_is_what_the_rules_say() -> None:
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert rule_table.inserted(page, catalogue()) == page


def test_every_rule_s_link_leads_to_its_heading() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "docs" / "policies.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {heading.replace("`", "").replace(".", "").lower() for heading in headings}
    assert {about["docs"].partition("#")[2] for about in catalogue()["rules"].values()} <= anchors


@pytest.mark.parametrize("path", [path for path in SOURCES if RULES in path.parents], ids=named)
def test_a_rule_is_named_by_its_path_and_says_all_it_must(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    custom = metadata(source)["custom"]
    rule_id = path.relative_to(RULES).with_suffix("").as_posix().replace("/", ".")
    assert custom["id"] == rule_id
    assert f"\npackage penstock.rules.{rule_id}\n" in source
    assert custom["severity"] in {"D", "G", "W"}
    assert set(custom["controls"]) <= {"soc2", "slsa", "cis", "owasp", "pss", "nsa"}
    assert custom["controls"]["soc2"]
    assert isinstance(custom["waivable"], bool)
    assert all(custom[key] for key in ("message", "remediation", "since"))


@pytest.mark.parametrize("path", [path for path in SOURCES if RULES in path.parents], ids=named)
def test_a_rule_has_cases_that_fire_and_cases_that_do_not(path: Path) -> None:
    cases = path.with_name(f"{path.stem}_test.rego").read_text(encoding="utf-8")
    rule_id = path.relative_to(RULES).with_suffix("").as_posix().replace("/", ".")
    assert f"package penstock.tests.{rule_id}_test\n" in cases  # below penstock.rules every decision would run them
    names = TEST.findall(cases)
    for kind in ("test_(?:denies|warns)_", "test_(?:allows|boundary|unresolvable)_"):
        assert any(re.match(kind, name) for name in names), kind


def test_the_placeholders_of_a_message_are_what_its_rule_gives() -> None:
    for path in SOURCES:
        if RULES not in path.parents:
            continue
        source = path.read_text(encoding="utf-8")
        wanted = set(re.findall(r"\{(\w+)\}", metadata(source)["custom"]["message"]))
        given = set(re.findall(r'\{"(\w+)": ', source)) | ({"detail"} if "facts.reported" in source else set())
        assert wanted <= given, named(path)


def test_no_rule_with_nested_keys_is_partial() -> None:
    """While it is empty, the embedded engine takes such a rule for undefined, and whatever reads it falls silent."""
    nested = re.compile(r"^\w+\[[^\]]*\](?:\[| contains )", re.MULTILINE)
    assert [named(path) for path in SOURCES if nested.search(path.read_text(encoding="utf-8"))] == []


def test_no_call_is_indexed_where_it_stands() -> None:
    """The embedded engine writes out the whole expression each time, ten times the price of the call."""
    literal = re.compile(r'`[^`]*`|"(?:\\.|[^"\\])*"|(?m:#.*$)')
    sources = {named(path): literal.sub('""', path.read_text(encoding="utf-8")) for path in SOURCES}
    assert [name for name, source in sources.items() if ")[" in source] == []


@pytest.mark.parametrize("path", LIBRARIES, ids=named)
def test_a_shared_function_reads_rules_of_its_own_file_only(path: Path) -> None:
    """The embedded engine can miss an imported rule in a function that another file calls; a local rule never."""
    source = path.read_text(encoding="utf-8")
    imported = re.findall(r"^import data\.[\w.]+?(?:\.(\w+)| as (\w+))$", source, re.MULTILINE)
    names = "|".join(first or second for first, second in imported) or "none"
    for statement in re.split(r"\n(?=[a-z])", source):
        if re.match(r"\w+\(", statement):
            assert re.findall(rf"(?<![\w.])(?:{names})\.\w+(?![\w(])", statement) == [], statement


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_file_of_rules_uses_only_what_both_engines_have(path: Path) -> None:
    text = re.sub(r"(?m)^\s*#.*$", "", path.read_text(encoding="utf-8"))
    text = re.sub(r'`[^`]*`|"(?:\\.|[^"\\])*"', '""', text)
    called = {name for name in re.findall(r"(?<![\w.])((?:\w+\.)?\w+)\(", text) if not name.startswith("data.")}
    defined = set(re.findall(r"(?m)^(\w+)\(", text))
    modules = {first or second for first, second in re.findall(r"import data\.[\w.]+?(?:\.(\w+)| as (\w+))\n", text)}
    foreign = {name for name in called - defined if name.partition(".")[0] not in modules}
    assert foreign <= BUILT_IN, foreign - BUILT_IN


BUILT_IN = frozenset(
    {
        "array.concat", "array.slice", "concat", "contains", "count", "endswith", "graph.reachable", "is_array",
        "is_number", "is_object", "is_string", "json.marshal", "lower", "max", "min", "numbers.range", "object.get",
        "object.keys", "object.union", "regex.find_all_string_submatch_n", "regex.find_n", "regex.match",
        "regex.replace", "regex.split", "replace", "set", "sort", "split", "sprintf", "startswith", "strings.replace_n",
        "substring", "trim", "trim_space", "trim_suffix", "upper", "walk",
    }
)  # fmt: skip
"""Built-ins the library may call: none reads a clock, the network, the environment or chance."""
