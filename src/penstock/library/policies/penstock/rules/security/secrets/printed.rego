# METADATA
# title: Printed secret
# description: |
#   Build logs are kept, and read by more people than may read the secret.
# custom:
#   id: security.secrets.printed
#   severity: D
#   message: "the step prints {name}"
#   remediation: Remove the print; never trace a step that holds secrets.
#   controls:
#     soc2: [CC6.1, CC7.2]
#     owasp: [CICD-SEC-6, CICD-SEC-10]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.printed

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

prints := `(?:^|[ \t({])(?:echo|printf|cat[ \t]*<<<)[ \t]`

# What goes to the terminal, or through tee, is still in the log.
to_log := `>[ \t]*(?:&[12]|/dev/(?:stderr|stdout|tty))|\|[ \t]*tee\b[^\n;|&]*|'[^'\n]*'`

parts(step) := {part |
	some part in regex.split(`[\n;]|&&|\|\|`, regex.replace(step.plain, to_log, " "))
	not contains(part, "|")
	not contains(part, ">")
}

findings contains cloudbuild.finding(step, step.own, {"name": name}) if {
	some step in cloudbuild.steps_with_secrets
	some part in parts(step)
	regex.match(prints, part)
	some match in regex.find_all_string_submatch_n(`\$\{([^:}${]+)[:}]`, part, -1)
	name := match[1]
	name in step.secrets
	shown(part, name)
}

findings contains cloudbuild.finding(step, step.own, {"name": name}) if {
	some step in cloudbuild.steps_with_secrets
	contains(step.plain, "printenv")
	some part in parts(step)
	some match in regex.find_all_string_submatch_n(`^[ \t]*printenv(?:[ \t]+([A-Za-z0-9_]+))?[ \t]*$`, part, 1)
	some name in asked_for(match[1], step.secrets)
}

findings contains cloudbuild.finding(step, step.own, {"name": "every command with its secrets (set -x)"}) if {
	some step in cloudbuild.steps_with_secrets
	traced(step)
}

# printenv alone tells all.
asked_for(word, secrets) := secrets if {
	word == ""
} else := {word} & secrets

shown(part, name) if contains(part, sprintf("${%s}", [name]))

shown(part, name) if {
	contains(part, sprintf("${%s:", [name]))
	not contains(part, sprintf("${%s:+", [name]))
}

traced(step) if regex.match(`(?m)(?:^|[;&][ \t]*)[ \t]*set[ \t]+(?:-[a-z]*x|-o[ \t]+xtrace)`, step.plain)

traced(step) if regex.match(`^#![^\n]*sh[ \t]+-[a-z]*x`, shape.text(object.get(step.raw, "script", null)))

traced(step) if {
	regex.match(`(?:^|/)(?:ba|z|da)?sh$`, shape.text(object.get(step.raw, "entrypoint", null)))
	some arg in shape.texts(object.get(step.raw, "args", null))
	regex.match(`^-[a-z]*x[a-z]*$`, arg)
}
