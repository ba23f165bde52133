package penstock.tests.security.k8s.schema_version_test

import data.penstock.rules.security.k8s.schema_version as rule

fact(id) := {"rule": id, "file": "a.yaml", "index": 1, "line": 3, "column": 2, "pointer": "/apiVersion", "detail": "extensions/v1beta1 does not serve Deployment; use apps/v1"}

test_warns_of_a_reported_finding if {
	expected := {{"file": "a.yaml", "index": 1, "pointer": "/apiVersion", "line": 3, "args": {"detail": "extensions/v1beta1 does not serve Deployment; use apps/v1"}}}
	rule.findings == expected with input.facts as {"parse_findings": [fact("security.k8s.schema_version")]}
}

test_allows_a_clean_input if {
	count(rule.findings) == 0 with input.facts as {"secret_findings": [], "parse_findings": []}
}

test_boundary_another_rule_s_finding_is_not_ours if {
	count(rule.findings) == 0 with input.facts as {"parse_findings": [fact("security.k8s.schema")]}
}
