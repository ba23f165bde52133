# METADATA
# title: Step graph
# description: |
#   Cloud Build refuses a graph it cannot order.
# custom:
#   id: security.pipeline.step_graph
#   severity: D
#   message: "{detail}"
#   remediation: Fix the id named in waitFor.
#   controls:
#     soc2: [CC8.1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.step_graph

import data.penstock.lib.cloudbuild
import data.penstock.lib.graph as waits
import data.penstock.lib.shape

findings contains cloudbuild.finding(step, "/id", {"detail": sprintf("the id %s is used twice", [step.id])}) if {
	some step in cloudbuild.steps
	step.id != ""
	step.at != min(waits.places[step.build][step.id])
}

findings contains cloudbuild.finding(step, sprintf("/waitFor/%d", [at]), {"detail": detail}) if {
	some step in cloudbuild.steps
	some at, id in shape.listed(shape.field(step.raw, "waitFor"))
	is_string(id)
	id != "-"
	not contains(id, "$")
	not id in object.keys(waits.places[step.build])
	detail := sprintf("there is no step %s to wait for", [id])
}

findings contains cloudbuild.finding(step, "/waitFor", {"detail": "the step waits for itself in the end"}) if {
	some step in cloudbuild.steps
	max(waits.edges[step.build][step.at]) >= step.at
	step.at in waits.before(step.build, step.at)
}
