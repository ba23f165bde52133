package penstock.tests.compliance.approval.progression_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.approval.progression as rule

details := {finding.args.detail | some finding in rule.findings}

stage(id, strategy) := {"targetId": id, "strategy": strategy}

verified := {"standard": {"verify": true}}

test_warns_when_production_is_first if {
	details == {"production is the first stage"} with input.artifacts as [given.pipeline([stage("prod", verified)])]
}

test_warns_of_an_unchecked_production if {
	artifacts := [given.pipeline([stage("staging", {}), stage("prod", {})])]
	given.pointers(rule.findings) == {"/serialPipeline/stages/1"} with input.artifacts as artifacts
}

test_warns_by_the_target_s_label if {
	target := given.target("p1", {"metadata": {"labels": {"env": "prod"}}})
	count(rule.findings) == 1 with input.artifacts as [given.pipeline([stage("dev", {}), stage("p1", {})]), target]
}

test_allows_a_way_with_a_check if {
	every strategy in [verified, {"canary": {"canaryDeployment": {"percentages": [50]}}}] {
		artifacts := [given.pipeline([stage("staging", {}), stage("prod", strategy)])]
		count(rule.findings) == 0 with input.artifacts as artifacts
	}
}

test_boundary_a_target_whose_label_says_otherwise_by_name if {
	artifacts := [given.pipeline([stage("nonprod", {})])]
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	artifacts := [given.pipeline([stage("${TARGET}", {}), stage(7, {}), "x"]), given.pipeline("x"), given.pipeline([])]
	count(rule.findings) == 0 with input.artifacts as artifacts
}
