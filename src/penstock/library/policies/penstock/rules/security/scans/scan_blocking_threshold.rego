# METADATA
# title: Scan without a threshold
# description: |
#   Trivy, Grype and Google's on-demand scan succeed whatever they find unless they are told what is too much.
# custom:
#   id: security.scans.scan_blocking_threshold
#   severity: W
#   message: "the scan has no threshold, so it never fails the build"
#   remediation: Say what fails the build, for example --exit-code 1 --severity HIGH,CRITICAL.
#   controls:
#     soc2: [CC7.1]
#     owasp: [CICD-SEC-1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.scan_blocking_threshold

import data.penstock.lib.cloudbuild
import data.penstock.lib.scans

findings contains cloudbuild.finding(case.step, case.step.own, {}) if {
	some case in doubtful
	not case.step.build in told[case.kind]
}

# Scans by a scanner that only fails with a threshold, and their step has none.
doubtful := [{"step": scan.step, "kind": number} |
	some scan in scans.image_scans
	some number, kind in silent
	regex.match(kind.scan, scan.step.code)
	not regex.match(kind.threshold, scan.step.code)
]

lists := data.scanners

silent := lists.silent_by_default

# By kind: builds that have its threshold; it may stand in another step, which reads what the scan wrote.
told := [builds |
	some kind in silent
	builds := {step.build |
		doubtful != []
		some step in cloudbuild.steps
		regex.match(kind.threshold, concat("\n", array.concat([step.code], step.env)))
	}
]
