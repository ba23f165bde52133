# METADATA
# title: Workflow without an environment
# description: |
#   Only an environment can ask for a reviewer before a job reaches production.
# custom:
#   id: compliance.approval.gha_environment
#   severity: G
#   message: "the job {job} deploys to production outside an environment"
#   remediation: Use a protected environment.
#   controls:
#     soc2: [CC8.1]
#     owasp: [CICD-SEC-1]
#   applies_to: [github-workflow]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.approval.gha_environment

import data.penstock.lib.deploy
import data.penstock.lib.shell
import data.penstock.lib.workflows

findings contains {
	"file": job.file,
	"index": job.index,
	"pointer": job.pointer,
	"line": 0,
	"args": {"job": job.id},
} if {
	some step in workflows.steps
	job := workflows.jobs[step.job]
	object.get(job.raw, "environment", null) == null
	says_production(job, changes(step))
}

changes(step) := concat("\n", array.concat(found, [step.name])) if {
	found := deploy.changing(shell.commands(step.code))
	found != []
} else := concat(" ", array.concat([step.name], [value | some value in step["with"]; is_string(value)])) if {
	regex.match(actions, step.uses)
}

actions := concat("|", data.deploys.actions)

says_production(job, _) if {
	some name in {job.id, job.name, job.workflow, regex.replace(job.file, `^.*/`, "")}
	deploy.mentions_production(name)
}

says_production(_, text) if deploy.mentions_production(text)
