package penstock.tests.security.pipeline.service_account_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.service_account as rule

build(account) := [given.build({"steps": [], "serviceAccount": account})]

test_warns_without_an_account if {
	given.pointers(rule.findings) == {""} with input.artifacts as [given.build({"steps": []})]
}

test_warns_of_default_accounts if {
	every account in ["1@cloudbuild.gserviceaccount.com", "projects/p/serviceAccounts/1-compute@developer.gserviceaccount.com"] {
		given.pointers(rule.findings) == {"/serviceAccount"} with input.artifacts as build(account)
	}
}

test_allows_an_own_account if {
	count(rule.findings) == 0 with input.artifacts as build("projects/p/serviceAccounts/build@p.iam.gserviceaccount.com")
}

test_boundary_other_kinds_have_none if count(rule.findings) == 0 with input.artifacts as [given.target("a", {})]

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as build("$_ACCOUNT")
