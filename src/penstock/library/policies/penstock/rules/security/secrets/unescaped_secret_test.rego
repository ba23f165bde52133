package penstock.tests.security.secrets.unescaped_secret_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.unescaped_secret as rule

args(text) := given.steps([{"name": "a", "entrypoint": "bash", "args": ["-c", text], "secretEnv": ["TOKEN"]}])

test_denies_a_single_dollar if {
	every text in ["curl -H $TOKEN", "x ${TOKEN}", "a$TOKEN", "$$$TOKEN", "${TOKEN:-x}"] {
		given.pointers(rule.findings) == {"/steps/0/args/1"} with input.artifacts as args(text)
	}
}

test_denies_a_secret_of_the_options if {
	doc := {"steps": [{"args": ["$TOKEN"]}], "options": {"secretEnv": ["TOKEN"]}}
	count(rule.findings) == 1 with input.artifacts as [given.build(doc)]
}

test_allows_two_dollars if {
	every text in ["curl -H $$TOKEN", "$${TOKEN}", "TOKEN"] {
		count(rule.findings) == 0 with input.artifacts as args(text)
	}
}

test_allows_a_script if {
	artifacts := given.steps([{"script": "echo $TOKEN | cat", "secretEnv": ["TOKEN"]}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_a_longer_name_is_another if {
	every text in ["$TOKENS", "${TOKEN_FILE}"] {
		count(rule.findings) == 0 with input.artifacts as args(text)
	}
}

test_unresolvable_is_silent if {
	artifacts := given.steps([{"args": ["$_X", 3], "secretEnv": ["$_NAME", "a.*"]}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}
