package penstock.tests.compliance.approval.prod_target_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.approval.prod_target as rule

test_denies_a_production_target_without_approval if {
	every name in ["prod", "production", "live", "prd", "shop-prod", "prod-eu1", "shopProd", "shop-live"] {
		given.pointers(rule.findings) == {"/metadata/name"} with input.artifacts as [given.target(name, {})]
	}
}

test_denies_by_label if {
	every label in [{"env": "prod"}, {"environment": "production"}] {
		count(rule.findings) == 1 with input.artifacts as [given.target("p1", {"metadata": {"labels": label}})]
	}
}

test_denies_a_refusal_with_a_comment if {
	given.pointers(rule.findings) == {"/requireApproval"} with input.artifacts as [given.target("prod", {"requireApproval": false})]
	count(rule.findings) == 1 with input.artifacts as [given.target("prod", {"requireApproval": "yes"})]
}

test_allows_approval if {
	count(rule.findings) == 0 with input.artifacts as [given.target("prod", {"requireApproval": true})]
}

test_allows_other_environments if {
	every name in ["staging", "dev", "production-like-dev", "nonprod", "non-prod", "preprod", "pre-prod", "product-api", "livestream", "prod-like", "delivery"] {
		count(rule.findings) == 0 with input.artifacts as [given.target(name, {})]
	}
}

parent(asks) := given.target("prod", {"requireApproval": asks, "multiTarget": {"targetIds": ["prod-eu", "prod-us"]}})

test_boundary_children_of_a_parent_that_asks if {
	children := [given.target("prod-eu", {}), given.target("prod-us", {})]
	count(rule.findings) == 0 with input.artifacts as array.concat(children, [parent(true)])
	count(rule.findings) == 3 with input.artifacts as array.concat(children, [parent(false)])
}

test_boundary_live_in_the_middle_is_a_word if {
	count(rule.findings) == 0 with input.artifacts as [given.target("live-chat", {})]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as [given.target("${NAME}", {}), given.target("a", {"metadata": {"labels": {"env": "${ENV}"}}})]
	count(rule.findings) == 0 with input.artifacts as [given.file("clouddeploy", "x", {"kind": "Target", "metadata": 3}), given.file("clouddeploy", "x", "y")]
}
