package penstock.tests.security.scans.source_scans_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.source_scans as rule

push(path, steps) := object.union(given.build({"steps": steps, "images": ["gcr.io/p/app:1"]}), {"path": path})

missing := {finding.args.missing | some finding in rule.findings}

test_warns_once_for_the_set if {
	artifacts := [push("b.yaml", []), push("a.yaml", []), given.build({"steps": []})]
	{finding.file | some finding in rule.findings} == {"a.yaml"} with input.artifacts as artifacts
	missing == {"a dependency scan, a secret scan"} with input.artifacts as artifacts
}

test_warns_of_what_is_missing if {
	artifacts := [push("a.yaml", [{"name": "ghcr.io/gitleaks/gitleaks", "args": ["dir", "."]}])]
	missing == {"a dependency scan"} with input.artifacts as artifacts
}

test_warns_of_infrastructure_that_is_not_scanned if {
	artifacts := [push("a.yaml", [{"name": "a", "script": "gitleaks dir .\nosv-scanner scan source ."}])]
	known := {"artifacts": artifacts, "facts": {"repo_paths": ["infra/main.tf"]}}
	missing == {"an infrastructure scan"} with input as known
}

test_allows_scans_anywhere_in_the_set if {
	workflow := given.job("scan", {"steps": [{"uses": "gitleaks/gitleaks-action@v2"}, {"run": "npm audit"}]})
	count(rule.findings) == 0 with input.artifacts as [push("a.yaml", []), workflow]
}

test_boundary_a_set_that_builds_no_image if {
	count(rule.findings) == 0 with input.artifacts as given.shell("terraform plan")
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as [given.build({"steps": "$_STEPS", "images": "$_IMAGES"})]
}
