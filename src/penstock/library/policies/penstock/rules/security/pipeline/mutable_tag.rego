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

findings contains cloudbuild.finding_in(build, place(number, reference), {"image": repository}) if {
	some number, build in cloudbuild.builds
	some reference, repository in moving[number]
	not repository in fixed[number]
}

# By build: references that it pushes, or gives to an image that is meant for a registry.
meant := [known |
	some number, references in images.references
	known := {reference: parts |
		some reference, parts in references
		for_registry(reference, images.pushes[number])
	}
]

for_registry(reference, pushes) if {
	pushes[reference]
} else if contains(reference, "/")

# By build: repositories of the references that move, and of those that do not.
moving := [{reference: parts.repository | some reference, parts in known; images.moves(parts)} | some known in meant]

fixed := [{parts.repository | some parts in known; not images.moves(parts)} | some known in meant]

place(number, reference) := pointer if {
	pointer := images.pushes[number][reference]
} else := images.tags[number][reference]
