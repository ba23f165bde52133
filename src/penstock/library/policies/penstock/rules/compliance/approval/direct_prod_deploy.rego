# METADATA
# title: Deployment past the approval
# description: |
#   A build that changes a running environment itself has no stage before it and nobody who agrees. Deployments to
#   an environment that is named as a lower one, and those the build takes down again, are left alone; workflows are
#   judged by compliance.approval.gha_environment.
# custom:
#   id: compliance.approval.direct_prod_deploy
#   severity: G
#   message: "the build deploys to {where} with no approval"
#   remediation: Release through Cloud Deploy.
#   controls:
#     soc2: [CC8.1]
#     owasp: [CICD-SEC-1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.approval.direct_prod_deploy

import data.penstock.lib.cloudbuild
import data.penstock.lib.deploy
import data.penstock.lib.shape
import data.penstock.lib.shell

findings contains cloudbuild.finding(step, step.own, {"where": where}) if {
	some step in deploy.changing_steps
	where := environment(step)
}

environment(step) := "production" if {
	deploy.mentions_production(context(step))
	not step.build in undone
} else := "a running environment" if {
	told := context(step)
	not deploy.mentions_lower(told)
	not deploy.mentions_lower(step.file)
	not passing(told)
	not step.build in undone
}

context(step) := concat("\n", array.concat(
	array.concat(deploy.changing(shell.commands(step.code)), step.env),
	[step.id, shape.text(object.get(step.raw, "dir", null))],
))

# A service named for one build or one pull request is not a place where people are.
passing(text) if regex.match(`\$\{(?:BUILD_ID|_PR_NUMBER)\}|\bpr-|-pr\b`, text)

# Builds that take down again what they set up.
undone contains step.build if {
	some step in cloudbuild.doing(deploy.undone)
}
