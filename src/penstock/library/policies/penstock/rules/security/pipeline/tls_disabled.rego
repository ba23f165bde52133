# METADATA
# title: TLS verification off
# description: |
#   Whoever sits between the build and its source decides what is downloaded.
# custom:
#   id: security.pipeline.tls_disabled
#   severity: G
#   message: "verification is switched off: {detail}"
#   remediation: Install the right CA instead.
#   controls:
#     soc2: [CC6.7]
#     owasp: [CICD-SEC-9]
#   applies_to: [dockerfile, github-workflow]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.tls_disabled

import data.penstock.lib.runs
import data.penstock.lib.tls

findings contains runs.finding(run, {"detail": found}) if {
	some run in tls.suspects
	run.where != "step"
	some found in tls.switched_off(run.code)
}
