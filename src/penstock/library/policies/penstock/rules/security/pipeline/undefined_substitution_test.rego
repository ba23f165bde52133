package penstock.tests.security.pipeline.undefined_substitution_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.undefined_substitution as rule

build(args, substitutions) := [given.build({"steps": [{"name": "a", "args": args}], "substitutions": substitutions})]

test_warns_of_a_name_nobody_defines if {
	every text in ["$_REGION", "a-${_REGION}-b", "${_REGION:-x}", "$$$_REGION"] {
		given.pointers(rule.findings) == {"/steps/0/args/0"} with input.artifacts as build([text], {})
	}
}

test_warns_once_for_a_name_at_its_first_place if {
	given.pointers(rule.findings) == {"/steps/0/args/0"} with input.artifacts as build(["$_A", "$_A"], {"_B": "x"})
}

test_warns_in_images_and_options if {
	doc := {"steps": [{"name": "$_TOOL"}], "images": ["gcr.io/$_P/app"], "tags": ["$_TAG"]}
	count(rule.findings) == 3 with input.artifacts as [given.build(doc)]
}

test_allows_what_is_defined if {
	every value in ["europe-west1", "", null] {
		count(rule.findings) == 0 with input.artifacts as build(["$_REGION"], {"_REGION": value})
	}
}

test_allows_what_the_trigger_brings if {
	count(rule.findings) == 0 with input.artifacts as build(["$PROJECT_ID", "$_HEAD_BRANCH", "$_PR_NUMBER"], {})
}

test_boundary_the_shell_s_variables if {
	count(rule.findings) == 0 with input.artifacts as build(["$$_REGION", "$$$$_X", "$_lower"], {})
	count(rule.findings) == 0 with input.artifacts as given.script("echo $_REGION")
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as [given.build({"substitutions": ["$X"], "steps": 5})]
