# METADATA
# title: Which step waits for which
# description: |
#   Cloud Build's waitFor as a graph: no waitFor means after every step before, "-" means at once.
package penstock.lib.graph

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

# build -> id -> positions of the steps with that id (more than one is somebody else's finding).
places[number][id] contains step.at if {
	some step in cloudbuild.steps
	step.id != ""
	number := step.build
	id := step.id
}

# build -> position -> positions it waits for directly. A step without waitFor waits for the last such step before it
# and for everything between, which is the same as waiting for all.
edges[number][at] := direct if {
	some step in cloudbuild.steps
	number := step.build
	at := step.at
	direct := waits(step)
}

waits(step) := named if {
	ids := waited(step)
	ids != []
	named := {place |
		some id in ids
		some place in object.get(places, [step.build, id], set())
	}
} else := {place | some place in numbers.range(last_barrier(step), step.at - 1)} if {
	step.at > 0
} else := set()

waited(step) := shape.strings(shape.field(step.raw, "waitFor"))

# The last step before it that waits for everything, or the first one.
last_barrier(step) := max({0} | {at |
	some at in object.get(barriers, step.build, set())
	at < step.at
})

barriers[number] contains step.at if {
	some step in cloudbuild.steps
	waited(step) == []
	number := step.build
}

# build -> position -> everything that has run before it.
before[number][at] := graph.reachable(edges[number], direct) if {
	some number, _ in edges
	some at, direct in edges[number]
}
