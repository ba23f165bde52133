package penstock.tests.security.secrets.configmap_secret_test

import data.penstock.rules.security.secrets.configmap_secret as rule

fact(id) := {"rule": id, "file": "a.yaml", "index": 1, "line": 3, "column": 2, "pointer": "/a", "detail": "here"}

test_denies_a_reported_finding if {
	expected := {{"file": "a.yaml", "index": 1, "pointer": "/a", "line": 3, "args": {"detail": "here"}}}
	rule.findings == expected with input.facts as {"secret_findings": [fact("security.secrets.configmap_secret")]}
}

test_allows_a_clean_input if {
	count(rule.findings) == 0 with input.facts as {"secret_findings": [], "parse_findings": []}
}

test_boundary_another_rule_s_finding_is_not_ours if {
	count(rule.findings) == 0 with input.facts as {"path_findings": [fact("security.secrets.configmap_secret_other")]}
}
