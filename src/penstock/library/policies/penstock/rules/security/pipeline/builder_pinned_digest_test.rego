package penstock.tests.security.pipeline.builder_pinned_digest_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.builder_pinned_digest as rule

test_warns_of_a_third_party_s_tag if {
	given.pointers(rule.findings) == {"/steps/0/name"} with input.artifacts as given.program("docker/compose:1.19.0", [])
}

test_allows_digests_and_trusted_registries if {
	every image in ["docker/compose@sha256:0", "node:22", "gcr.io/cloud-builders/docker:1"] {
		count(rule.findings) == 0 with input.artifacts as given.program(image, [])
	}
}

test_boundary_no_tag_at_all_is_another_rule_s if {
	count(rule.findings) == 0 with input.artifacts as given.program("docker/compose", [])
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.program("$_REGISTRY/compose:1", [])
	count(rule.findings) == 0 with input.artifacts as given.program("docker/compose:$_V", [])
}
