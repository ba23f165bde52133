package penstock.lib.cloudbuild_test

import data.penstock.lib.cloudbuild
import data.penstock.lib.given_test as given

code(step) := text if {
	text := cloudbuild.steps[0].code with input.artifacts as given.steps([step])
}

test_a_step_is_read_the_same_however_it_is_written if {
	every step in [
		{"name": "gcr.io/cloud-builders/docker", "args": ["push", "x"]},
		{"name": "ubuntu", "entrypoint": "bash", "args": ["-c", "docker push x"]},
		{"name": "ubuntu", "entrypoint": "/bin/bash", "args": ["-ec", "docker push x # now"]},
		{"name": "ubuntu", "entrypoint": "docker", "args": ["push", "x"]},
		{"name": "ubuntu", "args": ["docker", "push", "x"]},
		{"name": "ubuntu", "script": "docker \\\n  push x"},
	] {
		trim_space(code(step)) == "docker push x"
	}
}

test_programs_with_another_name if {
	code({"name": "gcr.io/kaniko-project/executor:v1@sha256:0", "args": ["--x"]}) == "kaniko --x"
	code({"name": "ubuntu", "entrypoint": "./scripts/deploy.sh"}) == "./scripts/deploy.sh"
	code({"name": "ubuntu"}) == ""
	code({}) == ""
}

test_values_are_filled_in if {
	step := {"name": "a", "script": "docker push $IMAGE", "env": ["IMAGE=$_HOST/app:1", "EMPTY", "SELF=${SELF}"]}
	doc := {"steps": [step], "substitutions": {"_HOST": "$_REGION.example", "_REGION": "eu", "_N": 7, "_NONE": null, "_EMPTY": ""}}
	filled := cloudbuild.steps[0].code with input.artifacts as [given.build(doc)]
	filled == "docker push eu.example/app:1"
	values := cloudbuild.builds[0].values with input.artifacts as [given.build(doc)]
	values == {"${_HOST}": "eu.example", "${_REGION}": "eu", "${_N}": "7"}
}

test_two_dollars_are_the_shell_s_in_args_only if {
	code({"name": "a", "entrypoint": "bash", "args": ["-c", "x $$A ${B}"]}) == "x ${A} ${B}"
	code({"name": "a", "script": "x $$"}) == "x $$"
}

test_wrong_shapes_are_no_steps if {
	every doc in [{"steps": 5}, {"steps": {"a": 1}}, {"steps": ["x", null]}, {"steps": [{"args": 7, "env": "x", "name": 1, "id": []}]}] {
		count(cloudbuild.steps) < 2 with input.artifacts as [given.build(doc)]
	}
	cloudbuild.builds == [] with input.artifacts as [given.file("cloudbuild", "a", "text")]
}

test_secrets_of_options_are_every_step_s if {
	doc := {"steps": [{"secretEnv": ["A"]}], "options": {"secretEnv": ["B"]}}
	secrets := cloudbuild.steps[0].secrets with input.artifacts as [given.build(doc)]
	secrets == {"A", "B"}
}

test_the_last_entry_of_a_name_counts if code({"name": "a", "script": "x $A", "env": ["A=1", "B=2", "A=3"]}) == "x 3"

test_a_filled_in_value_is_not_filled_in_again if {
	doc := {"steps": [{"name": "a", "args": ["$_A"]}], "substitutions": {"_A": "${_B}${_B}", "_B": "${_C}${_C}", "_C": "x"}}
	filled := cloudbuild.steps[0].code with input.artifacts as [given.build(doc)]
	filled == "a ${_C}${_C}${_C}${_C}"
}

test_steps_that_do_something_are_found_by_it if {
	steps := [{"name": "a", "script": "make"}, {"name": "a", "script": "x\nkubectl  apply -f y"}]
	found := [step.at | some step in cloudbuild.doing(`\bkubectl apply\b`)] with input.artifacts as given.steps(steps)
	found == [1]
}
