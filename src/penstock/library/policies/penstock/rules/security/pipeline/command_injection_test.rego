package penstock.tests.security.pipeline.command_injection_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.command_injection as rule

build(args, substitutions) := [given.build({
	"substitutions": substitutions,
	"steps": [{"name": "a", "entrypoint": "bash", "args": args}],
})]

test_denies_a_foreign_name_in_a_shell if {
	every text in ["git checkout $BRANCH_NAME", "echo \"${TAG_NAME}\"", "x ${_HEAD_BRANCH}", "a $_HEAD_REPO_URL b"] {
		given.pointers(rule.findings) == {"/steps/0/args/1"} with input.artifacts as build(["-c", text], {})
	}
}

test_denies_by_way_of_a_substitution if {
	count(rule.findings) == 1 with input.artifacts as build(["-c", "git checkout $_REF"], {"_REF": "${BRANCH_NAME}"})
	count(rule.findings) == 1 with input.artifacts as build(["-c", "echo $_TITLE"], {"_TITLE": "$(body.pull_request.title)"})
}

test_denies_a_shell_among_the_args if {
	artifacts := given.program("ubuntu", ["bash", "-ec", "git checkout $BRANCH_NAME"])
	given.pointers(rule.findings) == {"/steps/0/args/2"} with input.artifacts as artifacts
}

test_allows_what_a_shell_does_not_read if {
	artifacts := given.program("x/docker", ["build", "-t", "app:$BRANCH_NAME", "."])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_an_environment if {
	step := {"name": "a", "env": ["BRANCH=$BRANCH_NAME"], "script": "git checkout \"$BRANCH\""}
	count(rule.findings) == 0 with input.artifacts as given.steps([step])
}

test_boundary_a_shell_s_own_variable if {
	count(rule.findings) == 0 with input.artifacts as build(["-c", "git checkout $$BRANCH_NAME $COMMIT_SHA"], {})
	count(rule.findings) == 0 with input.artifacts as build(["-c", "echo $BRANCH_NAMES"], {})
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as build(["-c", "git checkout $_REF", 3], {"_REF": ""})
