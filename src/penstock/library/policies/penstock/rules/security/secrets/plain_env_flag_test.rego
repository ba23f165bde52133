package penstock.tests.security.secrets.plain_env_flag_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.plain_env_flag as rule

deploy(flag) := given.program("gcr.io/cloud-builders/gcloud", ["run", "deploy", "app", flag])

test_denies_a_literal if {
	every flag in [
		"--set-env-vars=DB_PASSWORD=hunter2", "--update-env-vars=MODE=x,API_TOKEN=abc123", "--set-env-vars=^@^A=b@SECRET=xyz",
	] {
		given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as deploy(flag)
	}
}

test_denies_a_literal_that_was_redacted if {
	count(rule.findings) == 1 with input.artifacts as deploy("--set-env-vars=DB_PASSWORD=«redacted:x:0123456789ab»")
}

test_denies_in_a_script if {
	text := "gcloud functions deploy f \\\n  --set-env-vars \"PRIVATE_KEY=abcdef\""
	given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as given.script(text)
}

test_denies_a_default_of_a_substitution if {
	doc := {"substitutions": {"_PW": "hunter2"}, "steps": [{"name": "x/gcloud", "args": ["run", "deploy", "--set-env-vars=DB_PASSWORD=$_PW"]}]}
	count(rule.findings) == 1 with input.artifacts as [given.build(doc)]
}

test_allows_secrets_and_settings if {
	every flag in [
		"--set-secrets=DB_PASSWORD=db:3", "--set-env-vars=MODE=production", "--set-env-vars=PASSWORD_FILE=/run/x",
		"--set-env-vars=PUBLIC_KEY=abcdef", "--set-env-vars=TOKEN=true", "--set-env-vars=SECRET=projects/p/secrets/s",
	] {
		count(rule.findings) == 0 with input.artifacts as deploy(flag)
	}
}

test_boundary_another_program_s_flag if {
	artifacts := given.program("x/tool", ["--set-env-vars=DB_PASSWORD=hunter2"])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	every flag in ["--set-env-vars=DB_PASSWORD=$_PW", "--set-env-vars=DB_PASSWORD=$$PW", "--set-env-vars=TOKEN={{ x }}", "--set-env-vars=TOKEN"] {
		count(rule.findings) == 0 with input.artifacts as deploy(flag)
	}
}
