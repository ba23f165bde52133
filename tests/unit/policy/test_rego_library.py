"""The rules, run by the embedded engine: every Rego test holds and the catalogue says what the METADATA says."""

from __future__ import annotations

import json
import re

import regorus

from penstock.policy.catalogue import LIBRARY, catalogue, table


def test_every_rego_test_holds_in_the_embedded_engine() -> None:
    engine = regorus.Engine()
    names = []
    for path in sorted((LIBRARY / "penstock").rglob("*.rego")):
        source = path.read_text(encoding="utf-8")
        package = engine.add_policy(str(path), source)
        names += [f"{package}.{name}" for name in re.findall(r"^(test_\w+) if", source, re.MULTILINE)]
    engine.set_input_json("{}")
    assert names
    assert [name for name in names if engine.eval_rule_as_json(name).strip() != "true"] == []


def test_catalogue_and_table_are_what_the_rules_say() -> None:
    written = json.loads((LIBRARY / "data" / "catalogue" / "data.json").read_text(encoding="utf-8"))
    assert written == catalogue()
    assert (LIBRARY / "penstock" / "main" / "table.rego").read_text(encoding="utf-8") == table(list(written["rules"]))


def test_every_rule_is_named_by_its_path_and_has_a_test() -> None:
    rules = LIBRARY / "penstock" / "rules"
    for rule_id in catalogue()["rules"]:
        path = rules / (rule_id.replace(".", "/") + ".rego")
        assert path.is_file()
        assert path.with_name(path.stem + "_test.rego").is_file()
