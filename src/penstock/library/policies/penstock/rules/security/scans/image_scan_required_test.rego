package penstock.tests.security.scans.image_scan_required_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.image_scan_required as rule

push := {"name": "gcr.io/cloud-builders/docker", "args": ["push", "gcr.io/$PROJECT_ID/app:$SHORT_SHA"]}

scan(image) := {"name": "aquasec/trivy", "args": ["image", "--exit-code", "1", image]}

test_denies_a_push_without_a_scan if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.steps([push])
}

test_denies_images_without_a_scan if {
	doc := {"steps": [{"name": "a"}], "images": ["gcr.io/$PROJECT_ID/app"]}
	given.pointers(rule.findings) == {"/images/0"} with input.artifacts as [given.build(doc)]
}

test_denies_a_push_by_skaffold if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.shell("skaffold run -f x.yaml")
}

test_denies_a_scan_of_another_image if {
	count(rule.findings) == 1 with input.artifacts as given.steps([push, scan("gcr.io/$PROJECT_ID/other:1")])
}

test_denies_other_ways_to_push if {
	every step in [
		{"name": "gcr.io/kaniko-project/executor:v1", "args": ["--destination=gcr.io/p/app:1"]},
		{"name": "x/pack", "args": ["build", "gcr.io/p/app:1", "--publish"]},
		{"name": "x/docker", "args": ["buildx", "build", "--push", "-t", "gcr.io/p/app:1", "."]},
		{"name": "x/gcloud", "args": ["builds", "submit", "--tag", "gcr.io/p/app:1"]},
	] {
		count(rule.findings) == 1 with input.artifacts as given.steps([step])
	}
}

test_allows_a_scan_of_the_image if {
	every step in [
		scan("gcr.io/${PROJECT_ID}/app:$SHORT_SHA"), scan("gcr.io/$PROJECT_ID/app@sha256:0"),
		{"name": "x/gcloud", "script": "gcloud artifacts docker images scan \"$IMAGE\"", "env": ["IMAGE=gcr.io/$PROJECT_ID/app:1"]},
		{"name": "anchore/grype", "args": ["--fail-on", "high", "gcr.io/$PROJECT_ID/app:1"]},
	] {
		count(rule.findings) == 0 with input.artifacts as given.steps([push, step])
	}
}

test_allows_skaffold_with_a_scan if {
	artifacts := given.steps([{"name": "a", "script": "skaffold build"}, scan("$_IMAGE")])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_allows_a_build_that_pushes_nothing if {
	artifacts := given.program("x/docker", ["build", "-t", "app", "."])
	count(rule.findings) == 0 with input.artifacts as artifacts
	count(rule.findings) == 0 with input.artifacts as given.script("skaffold build --push=false")
}

test_boundary_a_scan_of_the_sources_is_no_scan_of_the_image if {
	artifacts := given.steps([push, {"name": "aquasec/trivy", "args": ["fs", "."]}])
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_boundary_a_comment_scans_nothing if {
	artifacts := given.steps([push, {"name": "a", "script": "# trivy image app\necho \"trivy image app\""}])
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_unresolvable_scans_may_be_of_any_image if {
	every image in ["$_IMAGE", "$$(cat digest.txt)", "--input=image.tar"] {
		count(rule.findings) == 0 with input.artifacts as given.steps([push, scan(image)])
	}
}
