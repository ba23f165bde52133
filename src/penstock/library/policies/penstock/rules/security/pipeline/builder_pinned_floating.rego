# METADATA
# title: Step image without a version
# description: |
#   Whoever publishes the image decides what the build does next time.
# custom:
#   id: security.pipeline.builder_pinned_floating
#   severity: G
#   message: "{image} has no version"
#   remediation: Pin `name:` to a version or digest.
#   controls:
#     soc2: [CC8.1]
#     cis: [2.4.2, 5.1.7]
#     owasp: [CICD-SEC-3]
#   applies_to: [cloudbuild]
#   fixer: pin
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.builder_pinned_floating

import data.penstock.lib.cloudbuild
import data.penstock.lib.images

findings contains cloudbuild.finding(doubt.step, "/name", {"image": image.repository}) if {
	some doubt in images.doubts
	image := doubt.image
	image.floating
	not image.google
	not image.repository in images.built
}
