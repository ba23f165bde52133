package penstock.tests.security.pipeline.mutable_tag_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.mutable_tag as rule

docker(args) := {"name": "gcr.io/cloud-builders/docker", "args": args}

test_denies_an_image_without_a_tag if {
	artifacts := given.steps([docker(["build", "-t", "gcr.io/p/app", "."]), docker(["push", "gcr.io/p/app"])])
	given.pointers(rule.findings) == {"/steps/1/args"} with input.artifacts as artifacts
}

test_denies_latest_alone if {
	doc := {"substitutions": {"_IMAGE": "gcr.io/p/app:latest"}, "steps": [docker(["build", "-t", "$_IMAGE", "."])], "images": ["$_IMAGE"]}
	given.pointers(rule.findings) == {"/images/0"} with input.artifacts as [given.build(doc)]
}

test_denies_a_name_that_is_only_given if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.steps([docker(["tag", "a:1", "gcr.io/p/app:latest"])])
}

test_allows_latest_beside_a_commit if {
	artifacts := given.steps([docker(["build", "-t", "gcr.io/p/app:$COMMIT_SHA", "-t", "gcr.io/p/app:latest", "."])])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_a_commit if {
	doc := {"steps": [docker(["build", "--tag=gcr.io/p/app:${SHORT_SHA}", "."])], "images": ["gcr.io/p/app"]}
	count(rule.findings) == 0 with input.artifacts as [given.build(doc)]
}

test_boundary_an_image_that_stays_on_the_machine if {
	count(rule.findings) == 0 with input.artifacts as given.steps([docker(["build", "-t", "temp", "."])])
}

test_boundary_a_tag_of_a_cloud_run_revision if {
	artifacts := given.program("gcr.io/cloud-builders/gcloud", ["run", "deploy", "app", "--tag=latest"])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_a_builder_that_is_latest if {
	artifacts := given.program("x/pack", ["build", "gcr.io/p/app:$COMMIT_SHA", "--builder=gcr.io/buildpacks/builder:latest"])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.steps([docker(["build", "-t", "gcr.io/p/$_NAME", "."])])
	count(rule.findings) == 0 with input.artifacts as given.steps([docker(["build", "-t", "gcr.io/p/app:$_TAG", "."])])
}
