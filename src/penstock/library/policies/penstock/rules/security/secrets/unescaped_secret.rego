# METADATA
# title: Unescaped secret
# description: |
#   Cloud Build replaces a single dollar in args before the shell sees it, so the secret is an empty string.
# custom:
#   id: security.secrets.unescaped_secret
#   severity: D
#   message: "args read the secret {name} as ${name}"
#   remediation: Write $$NAME, or use `script:`.
#   controls:
#     soc2: [CC6.1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.unescaped_secret

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

findings contains cloudbuild.finding(step, sprintf("/args/%d", [at]), {"name": name}) if {
	some step in cloudbuild.steps
	step.own == "/args"
	some name in step.secrets
	regex.match(`^[A-Za-z_][A-Za-z0-9_]*$`, name)
	some at, arg in shape.listed(shape.field(step.raw, "args"))
	is_string(arg)
	bare := replace(arg, "$$", "")
	regex.match(sprintf(`\$(?:%s(?:[^A-Za-z0-9_]|$)|\{%s[^A-Za-z0-9_])`, [name, name]), bare)
}
