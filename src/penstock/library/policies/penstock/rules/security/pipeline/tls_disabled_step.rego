# METADATA
# title: TLS verification off in a build step
# description: |
#   A build step has the build's identity; what it downloads without verification acts with it.
# custom:
#   id: security.pipeline.tls_disabled_step
#   severity: D
#   message: "verification is switched off: {detail}"
#   remediation: Install the right CA instead.
#   controls:
#     soc2: [CC6.7]
#     owasp: [CICD-SEC-9]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
#   fixer: leave_step_out
package penstock.rules.security.pipeline.tls_disabled_step

import data.penstock.lib.runs
import data.penstock.lib.tls

findings contains runs.finding(run, {"detail": found}) if {
	some run in tls.suspects
	run.where == "step"
	some found in tls.switched_off(run.code)
}
