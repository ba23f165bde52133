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

read := `\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)[^A-Za-z0-9_])`

findings contains cloudbuild.finding(step, sprintf("/args/%d", [at]), {"name": name}) if {
	some step in cloudbuild.steps_with_secrets
	step.own == "/args"
	some at, arg in shape.entries(step.raw, "args")
	is_string(arg)
	some match in regex.find_all_string_submatch_n(read, replace(arg, "$$", ""), -1)
	name := concat("", [match[1], match[2]])
	name in step.secrets
}
