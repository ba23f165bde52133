package penstock.tests.security.scans.scan_before_release_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.scan_before_release as rule

image := "gcr.io/$PROJECT_ID/app:$SHORT_SHA"

step(id, more) := object.union({"id": id, "name": "gcr.io/cloud-builders/gcloud"}, more)

push := {"name": "gcr.io/cloud-builders/docker", "args": ["push", image]}

scan(id, more) := step(id, object.union({"args": ["artifacts", "docker", "images", "scan", image]}, more))

release(more) := step("release", object.union({"args": ["deploy", "releases", "create", "r", "--images=app=gcr.io/$PROJECT_ID/app:1"]}, more))

test_denies_a_release_without_a_scan if {
	given.pointers(rule.findings) == {"/steps/1/args"} with input.artifacts as given.steps([push, release({})])
}

test_denies_a_deployment_without_a_scan if {
	artifacts := given.steps([push, step("", {"args": ["run", "deploy", "app", "--image", image]})])
	{finding.args.step | some finding in rule.findings} == {"step 1"} with input.artifacts as artifacts
}

test_denies_a_scan_after_the_release if {
	count(rule.findings) == 1 with input.artifacts as given.steps([push, release({}), scan("scan", {})])
}

test_denies_a_scan_beside_the_release if {
	artifacts := given.steps([push, scan("scan", {"waitFor": ["-"]}), release({"waitFor": ["-"]})])
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_denies_a_scan_of_another_image if {
	other := scan("scan", {"args": ["artifacts", "docker", "images", "scan", "gcr.io/$PROJECT_ID/other:1"]})
	count(rule.findings) == 1 with input.artifacts as given.steps([push, other, release({})])
}

test_denies_a_release_in_a_set_that_scans_nothing if {
	count(rule.findings) == 1 with input.artifacts as given.steps([release({})])
}

test_allows_a_release_after_the_scan if {
	count(rule.findings) == 0 with input.artifacts as given.steps([push, scan("scan", {}), release({})])
	waits := [push, scan("scan", {"waitFor": ["-"]}), release({"waitFor": ["scan"]})]
	count(rule.findings) == 0 with input.artifacts as given.steps(waits)
}

test_allows_a_release_after_a_step_that_waits_for_the_scan if {
	check := step("check", {"args": ["version"], "waitFor": ["scan"]})
	artifacts := given.steps([scan("scan", {"waitFor": ["-"]}), check, release({"waitFor": ["check"]})])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_a_script_that_scans_first if {
	text := "gcloud artifacts docker images scan x/y:1\ngcloud run deploy app --image x/y:1"
	artifacts := given.steps([push, {"name": "a", "script": text}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_a_deployment_of_no_image_of_the_set if {
	count(rule.findings) == 0 with input.artifacts as given.shell("kubectl apply -f monitoring/")
}

test_boundary_another_build_of_the_set_scans if {
	scanning := given.build({"steps": [push, scan("scan", {})]})
	releasing := given.build({"steps": [release({})]})
	count(rule.findings) == 0 with input.artifacts as [scanning, releasing]
}

test_unresolvable_images_may_be_the_scanned_one if {
	create := step("release", {"args": ["deploy", "releases", "create", "r", "--images=app=$_IMAGE"]})
	count(rule.findings) == 0 with input.artifacts as given.steps([push, scan("scan", {}), create])
	plain := step("release", {"args": ["deploy", "releases", "create", "r"]})
	count(rule.findings) == 0 with input.artifacts as given.steps([push, scan("scan", {}), plain])
}
