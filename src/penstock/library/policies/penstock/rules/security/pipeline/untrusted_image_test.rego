package penstock.tests.security.pipeline.untrusted_image_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.untrusted_image as rule

test_denies_a_step_from_anywhere if {
	every image in ["evil/registry:1", "quay.io/x/y", "ghcr.io/who/knows:latest", "evil.example/x@sha256:0"] {
		given.pointers(rule.findings) == {"/steps/0/name"} with input.artifacts as given.program(image, [])
	}
}

test_denies_a_base_image if {
	image := [given.dockerfile([given.instruction("from", ["quay.io/x/y:1", "AS", "build"])])]
	{finding.line | some finding in rule.findings} == {7} with input.artifacts as image
}

test_denies_a_base_image_by_argument if {
	preamble := [given.instruction("arg", ["BASE=quay.io/x/y:1", "OTHER"])]
	image := object.union(given.dockerfile([given.instruction("from", ["$BASE"])]), {"preamble": preamble})
	count(rule.findings) == 1 with input.artifacts as [image]
}

test_denies_a_workload_s_image if {
	expected := {"/spec/template/spec/containers/0/image"}
	given.pointers(rule.findings) == expected with input.artifacts as [given.pod({"image": "evil/app:1"})]
}

test_denies_a_known_scanner_without_its_digest if {
	count(rule.findings) == 1 with input.artifacts as given.program("ghcr.io/gitleaks/gitleaks:v8", [])
	digest := "ghcr.io/gitleaks/gitleaks:v8@sha256:cdbb7c955abce02001a9f6c9f602fb195b7fadc1e812065883f695d1eeaba854"
	count(rule.findings) == 0 with input.artifacts as given.program(digest, [])
}

test_allows_trusted_registries if {
	every image in [
		"gcr.io/cloud-builders/docker", "gcr.io/google.com/cloudsdktool/google-cloud-cli:1", "node:22", "library/python:3",
		"docker.io/node:22", "index.docker.io/library/node", "REGION-docker.pkg.dev/PROJECT_ID/r/app", "<registry>/app",
		"europe-west1-docker.pkg.dev/p/r/app:1", "$LOCATION-docker.pkg.dev/$PROJECT_ID/r/app", "gcr.io/$PROJECT_ID/app",
	] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}

test_allows_the_organisation_s_registries if {
	known := {"artifacts": given.program("registry.example/team/tool:1", []), "org": {"registries": ["registry.example/team/"]}}
	count(rule.findings) == 0 with input as known
	near := {"artifacts": given.program("registry.example/teammate/tool:1", []), "org": {"registries": ["registry.example/team"]}}
	count(rule.findings) == 1 with input as near
}

test_allows_what_the_build_makes if {
	artifacts := given.steps([{"name": "x-docker", "args": ["docker", "build", "-t", "me/tool", "."]}, {"name": "me/tool"}])
	count(rule.findings) == 0 with input.artifacts as artifacts
}

test_boundary_a_registry_that_only_looks_alike if {
	every image in ["gcr.io/cloud-builders-evil/docker", "evil.example/europe-docker.pkg.dev/x", "gcr.io/other/app"] {
		count(rule.findings) == 1 with input.artifacts as given.program(image, [])
	}
}

test_unresolvable_is_silent if {
	every image in ["$_REGISTRY/app", "${_IMAGE}", "", "quay.io/$_TEAM/app"] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
	count(rule.findings) == 0 with input.artifacts as [given.dockerfile([given.instruction("from", ["$BASE"])]), given.pod({"image": 7})]
}
