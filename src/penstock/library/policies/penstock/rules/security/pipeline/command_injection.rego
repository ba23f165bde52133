# METADATA
# title: Command injection
# description: |
#   A branch or tag can be named so that its name is a command, and Cloud Build pastes it in before the shell reads
#   the line.
# custom:
#   id: security.pipeline.command_injection
#   severity: G
#   message: "{name} is pasted into a shell's text"
#   remediation: Pass it by env and quote it in `script:`.
#   controls:
#     soc2: [CC6.8]
#     owasp: [CICD-SEC-4]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.command_injection

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape
import data.penstock.lib.shell

foreign := `\$\{(BRANCH_NAME|TAG_NAME|REF_NAME|_HEAD_BRANCH|_HEAD_REPO_URL)(?:[^A-Za-z0-9_])|\$\((body\.[A-Za-z0-9_.]+)`

shell_entry := `(?:^|/)(?:ba|z|da|a)?sh$`

findings contains cloudbuild.finding(step, sprintf("/args/%d", [at]), {"name": name}) if {
	some step in suspects
	in_shell(step.raw)
	some at, arg in shape.listed(object.get(step.raw, "args", null))
	is_string(arg)
	pasted := shell.filled(shell.named(replace(arg, "$$", "")), cloudbuild.builds[step.build].values)
	some match in regex.find_all_string_submatch_n(foreign, pasted, 20)
	name := concat("", [match[1], match[2]])
}

suspects := [step |
	some number, written in cloudbuild.written
	regex.match(`BRANCH_NAME|TAG_NAME|REF_NAME|_HEAD_BRANCH|_HEAD_REPO_URL|\$\(body\.`, written)
	some step in cloudbuild.by_build[number]
	step.own == "/args"
]

in_shell(raw) if regex.match(shell_entry, shape.text(shape.field(raw, "entrypoint")))

in_shell(raw) if {
	args := shape.texts(shape.field(raw, "args"))
	regex.match(shell_entry, args[0])
	regex.match(`^-[a-z]*c$`, args[1])
}
