package penstock.tests.security.pipeline.builder_pinned_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.builder_pinned as rule

test_warns_of_a_builder_without_a_version if {
	every image in ["gcr.io/cloud-builders/docker", "gcr.io/cloud-builders/gcloud:latest"] {
		given.pointers(rule.findings) == {"/steps/0/name"} with input.artifacts as given.program(image, [])
	}
}

test_warns_of_a_version_that_is_latest_by_default if {
	doc := {"substitutions": {"_V": "latest"}, "steps": [{"name": "gcr.io/cloud-builders/gcloud:$_V"}]}
	count(rule.findings) == 1 with input.artifacts as [given.build(doc)]
}

test_allows_versions if {
	every image in ["gcr.io/cloud-builders/docker:24.0.9", "gcr.io/cloud-builders/docker@sha256:0"] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}

test_boundary_other_images_are_another_rule_s if count(rule.findings) == 0 with input.artifacts as given.program("python", [])

test_unresolvable_is_silent if {
	every image in ["gcr.io/cloud-builders/$_TOOL", "gcr.io/cloud-builders/docker:$_V"] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}
