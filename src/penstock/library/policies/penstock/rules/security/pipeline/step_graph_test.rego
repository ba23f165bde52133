package penstock.tests.security.pipeline.step_graph_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.step_graph as rule

test_denies_an_id_that_is_used_twice if {
	artifacts := given.steps([{"id": "a"}, {"id": "a"}])
	given.pointers(rule.findings) == {"/steps/1/id"} with input.artifacts as artifacts
}

test_denies_an_unknown_id if {
	artifacts := given.steps([{"id": "a"}, {"id": "b", "waitFor": ["a", "c"]}])
	given.pointers(rule.findings) == {"/steps/1/waitFor/1"} with input.artifacts as artifacts
}

test_denies_a_cycle if {
	artifacts := given.steps([{"id": "a", "waitFor": ["c"]}, {"id": "b", "waitFor": ["a"]}, {"id": "c", "waitFor": ["b"]}])
	given.pointers(rule.findings) == {"/steps/0/waitFor"} with input.artifacts as artifacts
}

test_denies_a_step_that_waits_for_itself if {
	given.pointers(rule.findings) == {"/steps/0/waitFor"} with input.artifacts as given.steps([{"id": "a", "waitFor": ["a"]}])
}

test_denies_a_wait_for_a_step_that_waits_for_all if {
	artifacts := given.steps([{"id": "a", "waitFor": ["b"]}, {"id": "b"}])
	given.pointers(rule.findings) == {"/steps/0/waitFor"} with input.artifacts as artifacts
}

test_allows_a_graph_in_order if {
	artifacts := given.steps([{"id": "a"}, {"id": "b", "waitFor": ["-"]}, {"id": "c", "waitFor": ["a", "b"]}, {"args": ["x"]}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_builds_do_not_share_ids if {
	artifacts := array.concat(given.steps([{"id": "a"}]), given.steps([{"id": "a"}]))
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	artifacts := given.steps([{"id": "a"}, {"waitFor": ["$_STEP", 3]}, {"waitFor": "a"}, "step"])
	count(rule.findings) == 0 with input.artifacts as artifacts
}
