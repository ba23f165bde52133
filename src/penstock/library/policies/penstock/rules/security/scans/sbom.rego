# METADATA
# title: Bill of materials
# description: |
#   When the next flaw becomes known, the bill of materials says which images have it.
# custom:
#   id: security.scans.sbom
#   severity: W
#   message: "images are pushed and no build or workflow writes a bill of materials"
#   remediation: Add an SBOM step and attach it.
#   controls:
#     soc2: [CC7.1]
#     slsa: [B1]
#     cis: [2.4.5, 2.4.6]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.sbom

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.scans

findings contains cloudbuild.finding_in(build, images.pushed_from(number), {}) if {
	not scans.present("sbom")
	some number, build in cloudbuild.builds
	images.makes(number)
}
