# METADATA
# title: Way to production
# description: |
#   A lower stage and a check of the rollout find what tests do not.
# custom:
#   id: compliance.approval.progression
#   severity: W
#   message: "{detail}"
#   remediation: 'Add a lower stage, verify: true.'
#   controls:
#     soc2: [CC8.1]
#   applies_to: [clouddeploy]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.approval.progression

import data.penstock.lib.deploy
import data.penstock.lib.shape

findings contains finding(pipeline, 0, "production is the first stage") if {
	some pipeline in deploy.pipelines
	deploy.for_production(shape.text(shape.field(pipeline.stages[0], "targetId")))
}

findings contains finding(pipeline, at, "the production stage is neither verified nor a canary") if {
	some pipeline in deploy.pipelines
	some at, stage in pipeline.stages
	deploy.for_production(shape.text(shape.field(stage, "targetId")))
	not checked(stage)
}

finding(pipeline, at, detail) := {
	"file": pipeline.file,
	"index": pipeline.index,
	"pointer": sprintf("/serialPipeline/stages/%d", [at]),
	"line": 0,
	"args": {"detail": detail},
}

checked(stage) if shape.within(stage, ["strategy", "standard", "verify"]) == true

checked(stage) if is_object(shape.within(stage, ["strategy", "canary"]))
