package penstock.lib.graph_test

import data.penstock.lib.given_test as given
import data.penstock.lib.graph as waits

before(steps) := {at: found |
	some at, _ in steps
	found := waits.before(0, at) with input.artifacts as given.steps(steps)
}

test_steps_wait_for_all_before_them if before([{}, {}, {}]) == {0: set(), 1: {0}, 2: {0, 1}}

test_a_dash_waits_for_nothing if before([{}, {"waitFor": ["-"]}, {}]) == {0: set(), 1: set(), 2: {0, 1}}

test_waits_are_followed if {
	steps := [{"id": "a"}, {"id": "b", "waitFor": ["a"]}, {"id": "c", "waitFor": ["-"]}, {"waitFor": ["b"]}]
	before(steps)[3] == {0, 1}
}

test_a_step_after_parallel_ones_waits_for_each if {
	steps := [{"waitFor": ["-"]}, {"waitFor": ["-"]}, {}, {"waitFor": ["-"]}, {}]
	before(steps)[4] == {0, 1, 2, 3}
}

test_builds_are_kept_apart if {
	artifacts := array.concat(given.steps([{}, {}]), given.steps([{}]))
	count(waits.edges) == 2 with input.artifacts as artifacts
}

test_no_build_no_graph if waits.edges == [] with input.artifacts as []
