# METADATA
# title: Script from the network
# description: |
#   What is piped into a shell can be another script tomorrow, and nobody will have seen it.
# custom:
#   id: security.pipeline.remote_script
#   severity: G
#   message: "a download is run without being looked at"
#   remediation: Download a pinned version, check its sha256.
#   controls:
#     soc2: [CC6.8]
#     cis: [2.4.3]
#     owasp: [CICD-SEC-3]
#   applies_to: [cloudbuild, dockerfile, github-workflow]
#   waivable: true
#   since: 0.1.0
#   fixer: leave_step_out
package penstock.rules.security.pipeline.remote_script

import data.penstock.lib.runs

piped := concat("|", data.commands.remote_scripts)

findings contains runs.finding(run, {}) if {
	regex.match(concat("", ["(?m)", piped]), runs.text)
	some run in runs.everything
	regex.match(piped, run.code)
}
