# METADATA
# title: Moving image tag
# description: |
#   An image that is only called latest cannot be told from the one before it, and there is nothing to go back to.
# custom:
#   id: security.pipeline.mutable_tag
#   severity: G
#   message: "{image} is pushed only under a tag that moves"
#   remediation: Tag the image with $COMMIT_SHA.
#   controls:
#     soc2: [CC8.1]
#     slsa: [B1]
#     cis: [5.1.7]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.mutable_tag

import data.penstock.lib.cloudbuild
import data.penstock.lib.images

findings contains cloudbuild.finding_in(build, place(number, moving), {"image": repository}) if {
	some number, build in cloudbuild.builds
	some moving in references(number)
	images.floating(moving)
	repository := images.parsed(moving).repository
	not has_fixed(number, repository)
}

# References that a build pushes, or gives to an image that is meant for a registry.
references(number) := images.pushed[number] | {reference |
	some reference in images.tagged[number]
	contains(reference, "/")
}

has_fixed(number, repository) if {
	some reference in references(number)
	images.parsed(reference).repository == repository
	not images.floating(reference)
}

place(number, reference) := images.pushes[number][reference] if {
	reference in images.pushed[number]
} else := images.tagged_from(number, reference)
