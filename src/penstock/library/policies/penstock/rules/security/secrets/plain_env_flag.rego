# METADATA
# title: Secret in a deploy flag
# description: |
#   A variable of a service is shown to everyone who may describe it, and stays in every old revision.
# custom:
#   id: security.secrets.plain_env_flag
#   severity: D
#   message: "{name} gets a literal value by a deploy flag"
#   remediation: Use --set-secrets NAME=secret:version.
#   controls:
#     soc2: [CC6.1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.plain_env_flag

import data.penstock.lib.cloudbuild
import data.penstock.lib.shell

words := data.commands

flag := `--(?:set|update)-(?:build-)?env-vars[ =]["']?([^ \t"']+)`

findings contains cloudbuild.finding(step, step.own, {"name": name}) if {
	contains(cloudbuild.text, "env-vars")
	some step in cloudbuild.steps
	contains(step.code, "env-vars")
	some command in shell.commands(step.code)
	contains(command, "gcloud ")
	some match in regex.find_all_string_submatch_n(flag, command, 20)
	some pair in pairs(match[1])
	name := regex.replace(pair, `=.*$`, "")
	regex.match(words.credential_words, upper(name))
	not contains(upper(name), "PUBLIC")
	literal(regex.replace(pair, `^[^=]*=?`, ""))
}

# gcloud takes another separator when the list begins with it: ^@^A=x@B=y.
pairs(list) := split(substring(list, 3, -1), substring(list, 1, 1)) if {
	regex.match(`^\^.\^`, list)
} else := split(list, ",")

literal(value) if {
	count(value) > 2
	not regex.match(`[$<>{}]|^(?:projects/|sm:|gs:|/|true$|false$|none$|null$)`, value)
}
