# METADATA
# title: Builder without a version
# description: |
#   Google's builders move without notice; a build that worked yesterday then fails, or does something else.
# custom:
#   id: security.pipeline.builder_pinned
#   severity: W
#   message: "{image} has no version"
#   remediation: Pin `name:` to a version or digest.
#   controls:
#     soc2: [CC8.1]
#     cis: [2.4.2, 5.1.7]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.builder_pinned

import data.penstock.lib.cloudbuild
import data.penstock.lib.images

findings contains cloudbuild.finding(doubt.step, "/name", {"image": image.repository}) if {
	some doubt in images.doubts
	image := doubt.image
	image.floating
	image.google
}
