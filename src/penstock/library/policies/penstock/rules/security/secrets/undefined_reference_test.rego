package penstock.tests.security.secrets.undefined_reference_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.undefined_reference as rule

build(secrets) := [given.build({
	"steps": [{"name": "a", "secretEnv": ["TOKEN"]}],
	"availableSecrets": secrets,
})]

test_denies_a_name_nobody_declares if {
	given.pointers(rule.findings) == {"/steps/0/secretEnv/0"} with input.artifacts as given.steps([{"secretEnv": ["TOKEN"]}])
}

test_denies_a_name_of_the_options if {
	doc := {"steps": [], "options": {"secretEnv": ["TOKEN"]}}
	given.pointers(rule.findings) == {"/options/secretEnv/0"} with input.artifacts as [given.build(doc)]
}

test_denies_a_name_that_is_spelled_otherwise if {
	artifacts := build({"secretManager": [{"env": "TOKENS", "versionName": "v"}]})
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_allows_secret_manager if {
	artifacts := build({"secretManager": [{"env": "TOKEN", "versionName": "v"}]})
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_inline_secrets if {
	artifacts := build({"inline": [{"kmsKeyName": "k", "envMap": {"TOKEN": "x"}}]})
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_the_old_form if {
	doc := {"steps": [{"secretEnv": ["TOKEN"]}], "secrets": [{"kmsKeyName": "k", "secretEnv": {"TOKEN": "x"}}]}
	count(rule.findings) == 0 with input.artifacts as [given.build(doc)]
}

test_boundary_another_build_s_secret_does_not_count if {
	other := given.build({"steps": [], "availableSecrets": {"secretManager": [{"env": "TOKEN"}]}})
	mine := given.build({"steps": [{"secretEnv": ["TOKEN"]}]})
	count(rule.findings) == 1 with input.artifacts as [other, mine]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.steps([{"secretEnv": ["$_NAME", 7]}])
}
