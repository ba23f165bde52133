package penstock.tests.security.scans.scan_blocking_threshold_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.scan_blocking_threshold as rule

test_warns_of_scans_that_only_report if {
	every text in ["trivy image x/y:1", "grype x/y:1 -o json", "gcloud artifacts docker images scan x/y:1", "docker scout cves x"] {
		given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as given.script(text)
	}
}

test_allows_thresholds if {
	every text in [
		"trivy image --exit-code 1 x/y:1", "grype --fail-on high x/y:1", "docker scout cves --exit-code x",
		"gcloud artifacts docker images scan x\ngcloud artifacts docker images list-vulnerabilities s | grep HIGH && exit 1",
		"snyk container test x/y:1",
	] {
		count(rule.findings) == 0 with input.artifacts as given.script(text)
	}
}

test_boundary_the_threshold_may_be_in_the_next_step_or_the_environment if {
	two := [
		{"name": "a", "script": "gcloud artifacts docker images scan x > id"},
		{"name": "a", "script": "gcloud artifacts docker images list-vulnerabilities $(cat id)"},
	]
	count(rule.findings) == 0 with input.artifacts as given.steps(two)
	env := [{"name": "a", "script": "trivy image x", "env": ["TRIVY_EXIT_CODE=1"]}]
	count(rule.findings) == 0 with input.artifacts as given.steps(env)
}

test_boundary_another_build_s_threshold_does_not_count if {
	quiet := given.build({"steps": [{"name": "a", "script": "trivy image x"}]})
	strict := given.build({"steps": [{"name": "a", "script": "trivy image x --exit-code 1"}]})
	count(rule.findings) == 1 with input.artifacts as [quiet, strict]
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as given.script("$SCANNER image x")
