package penstock.tests.security.scans.sbom_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.scans.sbom as rule

push(steps) := given.build({"steps": steps, "images": ["gcr.io/p/app:1"]})

test_warns_of_images_without_one if {
	given.pointers(rule.findings) == {"/images/0"} with input.artifacts as [push([])]
}

test_warns_of_images_nobody_can_see if {
	given.pointers(rule.findings) == {"/steps/0/script"} with input.artifacts as given.script("skaffold run")
}

test_allows_one_in_another_build if {
	every text in ["gcloud artifacts sbom export --uri=x", "syft x -o spdx-json", "trivy image --format cyclonedx x"] {
		count(rule.findings) == 0 with input.artifacts as array.concat([push([])], given.script(text))
	}
}

test_allows_builders_that_write_it if {
	count(rule.findings) == 0 with input.artifacts as [push([{"name": "x/pack", "args": ["build", "gcr.io/p/app:1"]}])]
}

test_boundary_a_set_that_builds_no_image if count(rule.findings) == 0 with input.artifacts as given.shell("make docs")

test_boundary_a_comment_writes_nothing if {
	count(rule.findings) == 1 with input.artifacts as array.concat([push([])], given.script("# syft x"))
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as [given.build({"images": "$_IMAGES"})]
