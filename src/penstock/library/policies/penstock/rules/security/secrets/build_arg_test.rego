package penstock.tests.security.secrets.build_arg_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.build_arg as rule

build(args) := given.steps([{"name": "gcr.io/cloud-builders/docker", "args": args, "secretEnv": ["TOKEN"]}])

copy(source) := [given.dockerfile([given.instruction("copy", [source, "/app/"])])]

test_denies_a_secret_as_build_argument if {
	every args in [
		["build", "--build-arg", "NPM_TOKEN=$$TOKEN", "."],
		["build", "--build-arg=NPM_TOKEN=$${TOKEN}", "."],
		["build", "--build-arg", "TOKEN", "."],
	] {
		given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as build(args)
	}
}

test_denies_copied_keys if {
	every source in [".env", ".env.production", "config/id_rsa", "tls/server.key", "a.pem", ".netrc", "gcp-service-account.json"] {
		{finding.line | some finding in rule.findings} == {7} with input.artifacts as copy(source)
	}
}

test_allows_plain_arguments if {
	count(rule.findings) == 0 with input.artifacts as build(["build", "--build-arg", "VERSION=$COMMIT_SHA", "."])
}

test_allows_what_is_no_key if {
	every source in ["package.json", ".env.example", "ca.pem", "certs/chain.pem", "id_rsa.pub", "public.key", "tsconfig.json"] {
		count(rule.findings) == 0 with input.artifacts as copy(source)
	}
}

test_boundary_a_name_alone_is_no_secret if {
	artifacts := given.program("gcr.io/cloud-builders/docker", ["build", "--build-arg", "NPM_TOKEN", "."])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_denies_an_npmrc_that_the_repository_does_not_have if {
	count(rule.findings) == 1 with input as {"artifacts": copy(".npmrc"), "facts": {"repo_paths": ["web/package.json"]}}
}

test_boundary_a_committed_npmrc_holds_settings if {
	known := {"artifacts": copy(".npmrc"), "facts": {"repo_paths": ["package.json", "web/.npmrc"]}}
	count(rule.findings) == 0 with input as known
	count(rule.findings) == 0 with input.artifacts as copy(".npmrc")
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as build(["build", "--build-arg", "NPM_TOKEN=$_VALUE", "."])
	count(rule.findings) == 0 with input.artifacts as copy("${FILE}")
}
