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
#   fixer: restore
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.image_scan_required

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.scans

findings contains cloudbuild.finding_in(build, pointer, {"image": repository}) if {
	some number, build in cloudbuild.builds
	some reference, pointer in images.pushes[number]
	repository := images.references[number][reference].repository
	not scanned(number, repository)
}

findings contains cloudbuild.finding_in(build, pointer, {"image": "an image"}) if {
	some number, build in cloudbuild.builds
	pointer := images.pushes_unseen[number][0]
	images.pushes[number] == {}
	not scans_any(number)
}

scanned(number, _) if number in whole

scanned(number, repository) if [number, repository] in named

scans_any(number) if number in {scan.build | some scan in scans.image_scans}

# Builds with a scan that may look at any image; what the scans of builds name.
whole contains scan.build if {
	some scan in scans.image_scans
	scan.names == set()
}

named contains [scan.build, name] if {
	some scan in scans.image_scans
	some name in scan.names
}
