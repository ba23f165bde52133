# METADATA
# title: Scan that cannot fail
# description: |
#   A scan whose result nobody has to look at is decoration.
# custom:
#   id: security.scans.scan_blocking
#   severity: D
#   message: "the scan cannot fail the build: {detail}"
#   remediation: Let the scan fail the build on HIGH/CRITICAL.
#   controls:
#     soc2: [CC7.1]
#     cis: [1.1.18]
#     owasp: [CICD-SEC-1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.scan_blocking

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

scanner := concat("|", array.concat(
	array.concat(data.scanners.image, data.scanners.secrets),
	array.concat(data.scanners.dependencies, data.scanners.infrastructure),
))

ignored := `\|\|[ \t]*(?:true|:|/bin/true|exit 0|echo)(?:[ \t;)]|$)`

scanning := [step | some step in cloudbuild.steps; regex.match(scanner, step.code)]

findings contains cloudbuild.finding(step, "/allowFailure", {"detail": "allowFailure"}) if {
	some step in scanning
	shape.field(step.raw, "allowFailure") == true
}

findings contains cloudbuild.finding(step, "/allowExitCodes", {"detail": "allowExitCodes"}) if {
	some step in scanning
	shape.listed(shape.field(step.raw, "allowExitCodes")) != []
}

findings contains cloudbuild.finding(step, step.own, {"detail": detail}) if {
	some step in scanning
	some line in split(step.code, "\n")
	regex.match(scanner, line)
	detail := switched_off(step, line)
}

switched_off(step, line) := "its exit code is ignored" if {
	regex.match(ignored, line)
	not regex.match(`\bexit [1-9$]`, line)
} else := match if {
	match := regex.find_n(`--(?:soft-fail|exit-zero|no-fail)\b`, line, 1)[0]
} else := "--exit-code 0" if {
	regex.match(`--exit-code[ =]["']?0`, line)
	not fails_later(step.build)
}

# A first run that only reports is fine when a second one fails.
fails_later(number) if {
	some step in scanning
	step.build == number
	regex.match(`--exit-code[ =]["']?[1-9]`, step.code)
}
