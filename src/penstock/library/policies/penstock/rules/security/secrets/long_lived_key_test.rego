package penstock.tests.security.secrets.long_lived_key_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.long_lived_key as rule

test_denies_an_activated_key if {
	artifacts := given.script("gcloud auth activate-service-account --key-file=key.json")
	given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as artifacts
}

test_denies_a_registry_login_by_key if {
	count(rule.findings) == 1 with input.artifacts as given.shell("cat k | docker login -u _json_key --password-stdin https://gcr.io")
}

test_denies_a_key_of_a_workflow if {
	step := {"uses": "google-github-actions/auth@v2", "with": {"credentials_json": "${{ secrets.KEY }}"}}
	given.pointers(rule.findings) == {"/jobs/build/steps/0/with/credentials_json"} with input.artifacts as given.workflow(step)
}

test_denies_a_key_file_in_the_environment if {
	artifacts := given.steps([{"name": "a", "env": ["GOOGLE_APPLICATION_CREDENTIALS=/workspace/key.json"]}])
	count(rule.findings) == 1 with input.artifacts as artifacts
	image := [given.dockerfile([given.instruction("env", ["GOOGLE_APPLICATION_CREDENTIALS=/app/sa.json"])])]
	{finding.line | some finding in rule.findings} == {7} with input.artifacts as image
}

test_denies_a_key_file_in_a_pod if {
	pod := given.pod({"env": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/var/key.json"}]})
	given.pointers(rule.findings) == {"/spec/template/spec/containers/0/env/0"} with input.artifacts as [pod]
}

test_allows_workload_identity if {
	step := {"uses": "google-github-actions/auth@v2", "with": {"workload_identity_provider": "projects/1"}}
	count(rule.findings) == 0 with input.artifacts as given.workflow(step)
	pod := given.pod({"env": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/var/workload-identity/config.json"}]})
	count(rule.findings) == 0 with input.artifacts as [pod]
}

test_boundary_a_comment_activates_nothing if {
	artifacts := given.script("# gcloud auth activate-service-account\necho \"gcloud auth activate-service-account\"")
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	artifacts := given.steps([{"name": "a", "env": ["GOOGLE_APPLICATION_CREDENTIALS=$_KEY"]}])
	count(rule.findings) == 0 with input.artifacts as artifacts
	pod := given.pod({"env": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "valueFrom": {}}, "x"]})
	count(rule.findings) == 0 with input.artifacts as [pod]
}
