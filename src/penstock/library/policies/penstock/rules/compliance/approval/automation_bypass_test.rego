package penstock.tests.compliance.approval.automation_bypass_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.approval.automation_bypass as rule

stages := given.pipeline([{"targetId": "staging"}, {"targetId": "prod"}])

automation(rule_) := given.file("clouddeploy", "auto.yaml", {
	"kind": "Automation",
	"metadata": {"name": "shop/promote"},
	"selector": {"targets": [{"id": "staging"}]},
	"rules": [rule_],
})

prod(asks) := given.target("prod", {"requireApproval": asks})

test_denies_a_promotion_into_production if {
	every promotion in [{"id": "p"}, {"destinationTargetId": "@next"}, {"destinationTargetId": "prod"}, {"toTargetId": "prod"}] {
		artifacts := [stages, given.target("staging", {}), prod(false), automation({"promoteReleaseRule": promotion})]
		given.pointers(rule.findings) == {"/rules/0"} with input.artifacts as artifacts
	}
}

test_denies_a_timed_promotion if {
	artifacts := [stages, prod(false), automation({"timedPromoteReleaseRule": {"destinationTargetId": "prod"}})]
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_denies_an_advance_in_production if {
	auto := given.file("clouddeploy", "auto.yaml", {
		"kind": "Automation",
		"metadata": {"name": "shop/advance"},
		"selector": {"targets": [{"id": "*"}]},
		"rules": [{"advanceRolloutRule": {"id": "a"}}],
	})
	count(rule.findings) == 1 with input.artifacts as [stages, prod(false), auto]
}

test_allows_a_destination_that_asks if {
	count(rule.findings) == 0 with input.artifacts as [stages, prod(true), automation({"promoteReleaseRule": {"id": "p"}})]
}

test_allows_a_promotion_below_production if {
	artifacts := [given.target("staging", {}), automation({"promoteReleaseRule": {"destinationTargetId": "staging"}})]
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_another_pipeline_s_stages if {
	auto := object.union(automation({"promoteReleaseRule": {"id": "p"}}), {"doc": {"metadata": {"name": "shopping/promote"}}})
	count(rule.findings) == 0 with input.artifacts as [stages, prod(false), auto]
}

test_boundary_a_target_that_is_elsewhere if {
	count(rule.findings) == 0 with input.artifacts as [stages, automation({"promoteReleaseRule": {"id": "p"}})]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as [stages, prod(false), automation({"promoteReleaseRule": {"destinationTargetId": "${T}"}}), automation({"repairRolloutRule": {}}), automation(7)]
}
