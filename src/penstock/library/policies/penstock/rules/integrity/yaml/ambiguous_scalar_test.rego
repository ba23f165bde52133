package penstock.tests.integrity.yaml.ambiguous_scalar_test

import data.penstock.rules.integrity.yaml.ambiguous_scalar as rule

fact(id) := {"rule": id, "file": "a.yaml", "index": 1, "line": 3, "column": 2, "pointer": "/a", "detail": "no is a boolean in YAML 1.1 and a string in YAML 1.2"}

test_warns_of_a_reported_finding if {
	expected := {{"file": "a.yaml", "index": 1, "pointer": "/a", "line": 3, "args": {"detail": "no is a boolean in YAML 1.1 and a string in YAML 1.2"}}}
	rule.findings == expected with input.facts as {"parse_findings": [fact("integrity.yaml.ambiguous_scalar")]}
}

test_allows_a_clean_input if {
	count(rule.findings) == 0 with input.facts as {"secret_findings": [], "parse_findings": []}
}

test_boundary_another_rule_s_finding_is_not_ours if {
	count(rule.findings) == 0 with input.facts as {"parse_findings": [fact("integrity.yaml.ambiguous")]}
}
