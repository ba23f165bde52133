# METADATA
# title: Third-party image without a digest
# description: |
#   A tag can be moved by its publisher, or by whoever took the publisher's account.
# custom:
#   id: security.pipeline.builder_pinned_digest
#   severity: W
#   message: "{image} is from a third party and has no digest"
#   remediation: Pin `name:` to a digest.
#   controls:
#     soc2: [CC8.1]
#     cis: [2.4.2, 5.1.7]
#     owasp: [CICD-SEC-3]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.builder_pinned_digest

import data.penstock.lib.cloudbuild
import data.penstock.lib.images

findings contains cloudbuild.finding(doubt.step, "/name", {"image": image.repository}) if {
	some doubt in images.doubts
	image := doubt.image
	image.untrusted
	not image.floating
	image.digest == ""
}
