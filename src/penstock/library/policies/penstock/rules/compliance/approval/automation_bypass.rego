# METADATA
# title: Automation into production
# description: |
#   An automation promotes at any hour; without an approval at its end nobody has agreed.
# custom:
#   id: compliance.approval.automation_bypass
#   severity: G
#   message: "the automation reaches the production target {target}, which asks for no approval"
#   remediation: Require approval on the destination.
#   controls:
#     soc2: [CC8.1]
#     owasp: [CICD-SEC-1]
#   applies_to: [clouddeploy]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.approval.automation_bypass

import data.penstock.lib.deploy
import data.penstock.lib.shape

findings contains {
	"file": artifact.path,
	"index": artifact.index,
	"pointer": sprintf("/rules/%d", [at]),
	"line": 0,
	"args": {"target": target.name},
} if {
	some artifact in input.artifacts
	artifact.kind == "clouddeploy"
	shape.field(artifact.doc, "kind") == "Automation"
	some at, rule in shape.listed(shape.field(artifact.doc, "rules"))
	some id in destinations(artifact.doc, rule)
	some target in deploy.targets
	target.name == id
	target.production
	not target.approved
	not target.name in deploy.asked_by_parent
}

destinations(document, rule) := {target |
	some kind in {"promoteReleaseRule", "timedPromoteReleaseRule"}
	promotion := shape.field(rule, kind)
	is_object(promotion)
	some target in promoted(document, promotion)
} | {target |
	is_object(shape.field(rule, "advanceRolloutRule"))
	some target in selected(document)
}

promoted(document, promotion) := {id} if {
	some key in ["destinationTargetId", "toTargetId"]
	id := shape.text(shape.field(promotion, key))
	not id in {"", "@next"}
} else := {next |
	some pipeline in deploy.pipelines
	startswith(concat("", [deploy.name_of(document), "/"]), concat("", [pipeline.name, "/"]))
	some at, stage in pipeline.stages
	shape.field(stage, "targetId") in selected(document)
	next := shape.field(pipeline.stages[at + 1], "targetId")
}

# Targets the automation is for; "*" is every target of the set.
selected(document) := {id |
	some target in shape.listed(shape.within(document, ["selector", "targets"]))
	some id in named(shape.field(target, "id"))
}

named("*") := {target.name | some target in deploy.targets}

named(id) := {id} if id != "*"
