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
#   fixer: restore
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.scan_blocking

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

lists := data.scanners

scanner := concat("|", array.concat(
	array.concat(lists.image, lists.secrets),
	array.concat(lists.dependencies, lists.infrastructure),
))

ignored := `\|\|[ \t]*(?:true|:|/bin/true|exit 0|echo)(?:[ \t;)]|$)`

# Without one of these, a line cannot switch a scan off.
loose := `\|\||--soft-fail|--exit-zero|--no-fail|--exit-code`

findings contains cloudbuild.finding(step, "/allowFailure", {"detail": "allowFailure"}) if {
	some step in cloudbuild.steps
	step.raw.allowFailure == true
	regex.match(scanner, step.code)
}

findings contains cloudbuild.finding(step, "/allowExitCodes", {"detail": "allowExitCodes"}) if {
	some step in cloudbuild.steps
	step.raw.allowExitCodes
	shape.entries(step.raw, "allowExitCodes") != []
	regex.match(scanner, step.code)
}

findings contains cloudbuild.finding(step, step.own, {"detail": detail}) if {
	some step in cloudbuild.steps
	regex.match(loose, step.code)
	some line in split(step.code, "\n")
	regex.match(loose, line)
	detail := switched_off(step, line)
	regex.match(scanner, line)
}

switched_off(step, line) := "its exit code is ignored" if {
	regex.match(ignored, line)
	not regex.match(`\bexit [1-9$]`, line)
} else := match if {
	some match in regex.find_n(`--(?:soft-fail|exit-zero|no-fail)\b`, line, 1)
} else := "--exit-code 0" if {
	regex.match(`--exit-code[ =]["']?0`, line)
	not step.build in fails_later
}

# A first run that only reports is fine when a second one fails.
fails_later contains step.build if {
	some step in cloudbuild.steps
	regex.match(`--exit-code[ =]["']?[1-9]`, step.code)
	regex.match(scanner, step.code)
}
