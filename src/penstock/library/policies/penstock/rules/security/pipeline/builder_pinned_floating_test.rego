package penstock.tests.security.pipeline.builder_pinned_floating_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.builder_pinned_floating as rule

test_denies_an_image_without_a_version if {
	every image in ["python", "golang:latest", "google/cloud-sdk", "gcr.io/$PROJECT_ID/firebase"] {
		given.pointers(rule.findings) == {"/steps/0/name"} with input.artifacts as given.program(image, [])
	}
}

test_allows_versions if {
	every image in ["python:3.12", "x/y@sha256:0", "localhost:5000/a:1"] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}

test_boundary_a_port_is_no_version if {
	count(rule.findings) == 1 with input.artifacts as given.program("localhost:5000/a", [])
}

test_boundary_google_s_builders_are_another_rule_s if {
	count(rule.findings) == 0 with input.artifacts as given.program("gcr.io/cloud-builders/docker", [])
}

test_boundary_an_image_of_this_build if {
	artifacts := given.steps([{"name": "x:1", "args": ["docker", "build", "-t", "me/tool", "."]}, {"name": "me/tool"}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_unresolvable_is_silent if {
	every image in ["${_IMAGE}", "gcr.io/p/$_TOOL", ""] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}
