# METADATA
# title: Way out of the container
# description: |
#   A container with the host's socket, its root folder or all privileges is the host.
# custom:
#   id: security.pipeline.docker_escape
#   severity: D
#   message: "{detail}"
#   remediation: Use kaniko/buildkit without privileges.
#   controls:
#     soc2: [CC6.8]
#     owasp: [CICD-SEC-7]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
#   fixer: leave_step_out
package penstock.rules.security.pipeline.docker_escape

import data.penstock.lib.cloudbuild
import data.penstock.lib.shell

starts := `\b(?:docker|podman|nerdctl)(?: container)? (?:run|create)\b`

ways := {
	`[ \t]--privileged(?:[ \t=]|$)`: "a container runs with --privileged",
	`(?:docker|containerd|crio)\.sock\b`: "the container runtime's socket is mounted",
	`(?:-v|--volume)[ =]["']?/:|(?:source|src)=/(?:,|[ \t"']|$)`: "the host's root folder is mounted",
	`--(?:pid|ipc|userns)[ =]["']?host\b`: "a container shares the host's namespaces",
}

findings contains cloudbuild.finding(step, step.own, {"detail": detail}) if {
	some step in cloudbuild.doing(starts)
	some command in shell.commands(step.code)
	regex.match(starts, command)
	some way, detail in ways
	regex.match(way, command)
}
