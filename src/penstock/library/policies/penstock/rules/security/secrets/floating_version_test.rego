package penstock.tests.security.secrets.floating_version_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.floating_version as rule

build(version, substitutions) := [given.build({
	"steps": [],
	"substitutions": substitutions,
	"availableSecrets": {"secretManager": [{"env": "T", "versionName": concat("", ["projects/$PROJECT_ID/secrets/t/versions/", version])}]},
})]

test_warns_of_latest if {
	given.pointers(rule.findings) == {"/availableSecrets/secretManager/0/versionName"} with input.artifacts as build("latest", {})
}

test_warns_of_a_default_of_latest if {
	count(rule.findings) == 1 with input.artifacts as build("$_VERSION", {"_VERSION": "latest"})
}

test_warns_of_a_deploy_flag if {
	artifacts := given.program("x/gcloud", ["run", "deploy", "--set-secrets=A=a:3,B=b:latest"])
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as artifacts
}

test_warns_of_a_cloud_run_reference if {
	value := {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "latest"}}}]}
	service := object.union(given.pod(value), {"kind": "cloudrun"})
	count(rule.findings) == 1 with input.artifacts as [service]
}

test_allows_a_number if {
	count(rule.findings) == 0 with input.artifacts as build("3", {})
	count(rule.findings) == 0 with input.artifacts as given.program("x/gcloud", ["run", "deploy", "--set-secrets=A=a:3"])
}

test_boundary_a_key_of_kubernetes_is_no_version if {
	pod := given.pod({"env": [{"valueFrom": {"secretKeyRef": {"name": "a", "key": "latest"}}}]})
	count(rule.findings) == 0 with input.artifacts as [pod]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as build("$_VERSION", {"_VERSION": ""})
}
