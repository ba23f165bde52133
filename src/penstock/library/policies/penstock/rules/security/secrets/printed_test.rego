package penstock.tests.security.secrets.printed_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.printed as rule

script(text) := given.steps([{"name": "a", "script": text, "secretEnv": ["TOKEN"]}])

args(list) := given.steps([{"name": "a", "entrypoint": "bash", "args": list, "secretEnv": ["TOKEN"]}])

test_denies_a_printed_secret if {
	every text in [
		"echo $TOKEN", "echo \"it is ${TOKEN}\"", "printf '%s' \"$TOKEN\"", "echo $TOKEN >&2", "echo $TOKEN | tee log",
		"make && echo ${TOKEN:0:4}", "printenv", "printenv TOKEN", "echo $TOKEN > /dev/stderr",
	] {
		given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as script(text)
	}
}

test_denies_in_args if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as args(["-c", "echo $$TOKEN"])
}

test_denies_a_trace if {
	every text in ["set -x\nmake", "set -euxo pipefail", "#!/bin/bash -ex\nmake", "set -o xtrace"] {
		count(rule.findings) == 1 with input.artifacts as script(text)
	}
}

test_denies_a_traced_shell if count(rule.findings) == 1 with input.artifacts as args(["-xc", "make"])

test_allows_redirects_pipes_and_uses if {
	every text in [
		"echo $TOKEN > .npmrc", "echo $TOKEN | docker login --password-stdin", "curl -H \"$TOKEN\" x",
		"echo ${TOKEN:+set}", "echo ${#TOKEN}", "# echo $TOKEN", "X=$(printenv TOKEN)", "printenv HOME",
		"test -n \"$TOKEN\" || echo missing",
	] {
		count(rule.findings) == 0 with input.artifacts as script(text)
	}
}

test_boundary_single_quotes_print_the_name if {
	count(rule.findings) == 0 with input.artifacts as script("echo 'set $TOKEN first'")
}

test_boundary_a_trace_without_secrets if {
	count(rule.findings) == 0 with input.artifacts as given.script("set -x\nprintenv")
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as script("echo ${OTHER} $_TOKEN $(cat file)")
}
