# METADATA
# title: Image scan
# description: |
#   An image that nobody looked at carries whatever was known to be broken on the day it was built.
# custom:
#   id: security.scans.image_scan_required
#   severity: G
#   message: "{image} is pushed and no step scans it"
#   remediation: Add a scan step with a severity threshold.
#   controls:
#     soc2: [CC7.1]
#     cis: [2.3.7, 3.2.2]
#     owasp: [CICD-SEC-9]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.image_scan_required

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.scans

findings contains cloudbuild.finding_in(build, pointer, {"image": images.parsed(reference).repository}) if {
	some number, build in cloudbuild.builds
	some reference, pointer in images.pushes[number]
	not scanned(number, reference)
}

findings contains cloudbuild.finding_in(build, pointer, {"image": "an image"}) if {
	some number, build in cloudbuild.builds
	pointer := images.pushes_unseen[number][0]
	images.pushes[number] == {}
	not scans_any(number)
}

scanned(number, reference) if {
	repository := images.parsed(reference).repository
	some scan in scans.image_scans
	scan.build == number
	scans.covers(scan, repository)
}

scans_any(number) if {
	some scan in scans.image_scans
	scan.build == number
}
