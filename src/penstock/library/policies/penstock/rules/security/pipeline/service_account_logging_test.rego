package penstock.tests.security.pipeline.service_account_logging_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.service_account_logging as rule

build(more) := [given.build(object.union({"steps": [], "serviceAccount": "projects/p/serviceAccounts/b@p.iam"}, more))]

test_denies_an_account_without_a_log if {
	given.pointers(rule.findings) == {"/serviceAccount"} with input.artifacts as build({})
	count(rule.findings) == 1 with input.artifacts as build({"options": {"logging": "GCS_ONLY"}})
	count(rule.findings) == 1 with input.artifacts as build({"options": {"logging": "LEGACY"}})
}

test_allows_every_way_to_say_where if {
	every more in [
		{"options": {"logging": "CLOUD_LOGGING_ONLY"}}, {"options": {"logging": "NONE"}}, {"logsBucket": "gs://b"},
		{"options": {"defaultLogsBucketBehavior": "REGIONAL_USER_OWNED_BUCKET"}},
	] {
		count(rule.findings) == 0 with input.artifacts as build(more)
	}
}

test_boundary_the_default_account_needs_nothing if {
	count(rule.findings) == 0 with input.artifacts as [given.build({"steps": []}), given.build({"serviceAccount": ""})]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as build({"options": {"logging": "$_LOGGING"}})
	count(rule.findings) == 1 with input.artifacts as build({"options": "x", "logsBucket": 7})
}
