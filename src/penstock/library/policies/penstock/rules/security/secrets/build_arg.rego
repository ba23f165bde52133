# METADATA
# title: Secret in an image
# description: |
#   Build arguments and copied key files stay in the image's history for everyone who may pull it.
# custom:
#   id: security.secrets.build_arg
#   severity: D
#   message: "{detail}"
#   remediation: Use `RUN --mount=type=secret`.
#   controls:
#     soc2: [CC6.1]
#     owasp: [CICD-SEC-6]
#   applies_to: [cloudbuild, dockerfile]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.build_arg

import data.penstock.lib.cloudbuild
import data.penstock.lib.dockerfiles
import data.penstock.lib.facts

key_file := concat("", [
	`^(?:\.env(?:\.[a-z]+)?|[._]netrc|\.pypirc|\.npmrc|\.git-credentials|\.dockercfg|id_(?:rsa|dsa|ecdsa|ed25519)`,
	`|[a-z0-9._-]+\.(?:pem|key|p12|pfx)|(?:[a-z0-9._-]+[-_])?(?:service[-_]?account|credentials|key)\.json)$`,
])

harmless := `example|sample|template|dist|default|public|\bpub|cert|chain|bundle|\bca\b|\bca[-_.]`

argument := `--build-arg[ =]["']?([A-Za-z_][A-Za-z0-9_]*)(=?)["']?([^ \t"']*)`

findings contains cloudbuild.finding(step, step.own, {"detail": detail}) if {
	some step in cloudbuild.steps_with_secrets
	some match in regex.find_all_string_submatch_n(argument, step.code, 50)
	some name in passed(match)
	name in step.secrets
	detail := sprintf("--build-arg %s passes a secret", [match[1]])
}

findings contains dockerfiles.finding(instruction, {"detail": sprintf("%s is copied into the image", [name])}) if {
	some instruction in dockerfiles.instructions
	instruction.cmd in {"copy", "add"}
	some source in array.slice(instruction.value, 0, count(instruction.value) - 1)
	name := regex.replace(source, `^.*/`, "")
	regex.match(key_file, lower(name))
	not regex.match(harmless, lower(name))
	not settings_only(name)
}

# Names that an argument hands on: those in its value; without a value, its own.
passed(match) := {match[1]} if {
	match[2] == ""
} else := {found[1] | some found in regex.find_all_string_submatch_n(`\$\{([^}]+)\}`, match[3], -1)}

# An .npmrc of the repository is read by the secret scanner itself; one that is not there was made for its token.
settings_only(".npmrc") if regex.match(`(?m)(?:^|/)\.npmrc$`, facts.paths)

settings_only(".npmrc") if not regex.match(`(?m)(?:^|/)package\.json$`, facts.paths)
