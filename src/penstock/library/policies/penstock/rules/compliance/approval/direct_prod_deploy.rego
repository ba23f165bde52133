# METADATA
# title: Deployment past the approval
# description: |
#   A build that changes a running environment itself has no stage before it and nobody who agrees. Deployments to
#   an environment that is named as a lower one, and those the build takes down again, are left alone; workflows are
#   judged by compliance.approval.gha_environment. A build that approves or advances a rollout, promotes a release, or
#   sends one to a production target does the same with Cloud Deploy: nobody else has agreed.
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

findings contains cloudbuild.finding(step, step.own, {"where": "production"}) if {
	some step in cloudbuild.doing(steering)
	some command in shell.commands(step.code)
	past_approval(command)
}

steering := concat("|", [deploy.approval_pattern, deploy.release_pattern])

past_approval(command) if regex.match(deploy.approval_pattern, command)

past_approval(command) if {
	regex.match(deploy.promotion_pattern, command)
	not only_lower(command)
}

past_approval(command) if {
	regex.match(deploy.release_pattern, command)
	some target in sent_to(command)
	deploy.for_production(target)
}

only_lower(command) if {
	some target in sent_to(command)
	deploy.lower_environment(target)
	not deploy.for_production(target)
}

sent_to(command) := {trim(found[1], `"'`) |
	some found in regex.find_all_string_submatch_n(`--to-target[= ]([^ \t\n]+)`, command, -1)
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
