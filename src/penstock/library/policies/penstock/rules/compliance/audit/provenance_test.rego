package penstock.tests.compliance.audit.provenance_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.audit.provenance as rule

details := {finding.args.detail | some finding in rule.findings}

push := {"name": "gcr.io/cloud-builders/docker", "args": ["push", "gcr.io/p/app:1"]}

build(more) := [given.build(object.union({"steps": [push], "images": ["gcr.io/p/app:1"], "options": {"requestedVerifyOption": "VERIFIED"}}, more))]

test_warns_of_a_push_by_a_step if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as build({"images": ["gcr.io/p/other:1"]})
}

test_warns_without_verification if {
	every options in [{"requestedVerifyOption": "NOT_VERIFIED"}, {"requestedVerifyOption": null}] {
		given.pointers(rule.findings) == {"/options"} with input.artifacts as build({"options": options})
	}
}

test_warns_of_production_without_binary_authorization if {
	doc := {"kind": "Service", "metadata": {"name": "app", "labels": {"env": "production"}}}
	details == {"no Binary Authorization in production"} with input.artifacts as [given.file("cloudrun", "s.yaml", doc)]
	artifacts := given.shell("gcloud run deploy app --project=shop-prod")
	details == {"no --binary-authorization for production"} with input.artifacts as artifacts
}

test_allows_what_is_attested if {
	count(rule.findings) == 0 with input.artifacts as build({})
	doc := {"kind": "Service", "metadata": {"name": "app-prod", "annotations": {"run.googleapis.com/binary-authorization": "default"}}}
	count(rule.findings) == 0 with input.artifacts as [given.file("cloudrun", "s.yaml", doc)]
	artifacts := given.shell("gcloud run deploy app --project=shop-prod --binary-authorization=default")
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_another_tag_of_a_listed_image if {
	count(rule.findings) == 0 with input.artifacts as build({"images": ["gcr.io/p/app:2"]})
}

test_boundary_a_build_that_pushes_nothing if {
	count(rule.findings) == 0 with input.artifacts as given.shell("make test")
	count(rule.findings) == 0 with input.artifacts as [given.file("cloudrun", "s.yaml", {"metadata": {"name": "app-staging"}})]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as [given.build({"images": "$_IMAGES", "steps": "$_STEPS"})]
	count(rule.findings) == 0 with input.artifacts as [given.file("cloudrun", "s.yaml", {"metadata": {"name": "${NAME}"}})]
}
