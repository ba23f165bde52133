package penstock.tests.security.scans.scan_blocking_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.scan_blocking as rule

scan(more) := given.steps([object.union({"name": "aquasec/trivy", "args": ["image", "x/y:1"]}, more)])

test_denies_a_step_that_may_fail if {
	given.pointers(rule.findings) == {"/steps/0/allowFailure"} with input.artifacts as scan({"allowFailure": true})
	given.pointers(rule.findings) == {"/steps/0/allowExitCodes"} with input.artifacts as scan({"allowExitCodes": [1]})
}

test_denies_an_ignored_exit_code if {
	every text in [
		"trivy image x || true", "grype x/y:1 || :", "gitleaks dir . || echo found", "npm audit || exit 0",
		"checkov -d . --soft-fail", "trivy image --exit-code 0 x", "trivy image --exit-code=0 x",
		"osv-scanner scan source \\\n  --recursive . || true",
	] {
		given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as given.script(text)
	}
}

test_allows_scans_that_fail if {
	every text in [
		"trivy image --exit-code 1 x", "grype x --fail-on high || exit 1", "status=0\nosv-scanner scan source . || status=$?",
		"gitleaks dir . || { echo found; exit 1; }", "gitleaks dir . || (echo found; exit 1)",
	] {
		count(rule.findings) == 0 with input.artifacts as given.script(text)
	}
	count(rule.findings) == 0 with input.artifacts as scan({"allowFailure": false, "allowExitCodes": []})
}

test_boundary_a_first_run_that_only_reports if {
	text := "trivy image --exit-code 0 --severity LOW x\ntrivy image --exit-code 1 --severity HIGH,CRITICAL x"
	count(rule.findings) == 0 with input.artifacts as given.script(text)
}

test_boundary_other_steps_may_fail if {
	artifacts := given.steps([{"name": "a", "script": "make docs || true", "allowFailure": true}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.script("trivy image --exit-code $CODE x || $HANDLER")
	count(rule.findings) == 0 with input.artifacts as scan({"allowFailure": "$_MAY", "allowExitCodes": "$_CODES"})
}
