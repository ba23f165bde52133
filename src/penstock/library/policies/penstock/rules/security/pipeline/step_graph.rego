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
	some number, ids in waits.places
	some id, positions in ids
	count(positions) > 1
	some step in cloudbuild.by_build[number]
	step.id == id
	step.at != min(positions)
}

findings contains cloudbuild.finding(step, sprintf("/waitFor/%d", [at]), {"detail": detail}) if {
	some number, ids in waits.places
	some step in cloudbuild.by_build[number]
	step.waits != []
	some at, id in shape.entries(step.raw, "waitFor")
	is_string(id)
	id != "-"
	not ids[id]
	not contains(id, "$")
	detail := sprintf("there is no step %s to wait for", [id])
}

findings contains cloudbuild.finding(step, "/waitFor", {"detail": "the step waits for itself in the end"}) if {
	some number, edges in waits.edges
	some step in cloudbuild.by_build[number]
	max(edges[step.at]) >= step.at
	step.at in waits.before(number, step.at)
}
