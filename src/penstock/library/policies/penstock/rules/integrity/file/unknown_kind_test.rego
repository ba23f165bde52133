package penstock.tests.integrity.file.unknown_kind_test

import data.penstock.rules.integrity.file.unknown_kind as rule

file(kind, origin) := [{"path": "x", "kind": kind, "origin": origin, "index": 0, "doc": {}}]

test_denies_generated if count(rule.findings) == 1 with input.artifacts as file("unknown", "generated")

test_allows_existing if count(rule.findings) == 0 with input.artifacts as file("unknown", "existing")

test_allows_known if count(rule.findings) == 0 with input.artifacts as file("docs", "generated")
