# METADATA
# title: Which step waits for which
# description: |
#   Cloud Build's waitFor as a graph: no waitFor means after every step before, "-" means at once.
package penstock.lib.graph

import data.penstock.lib.cloudbuild

# By build: id -> positions of the steps with that id (more than one is somebody else's finding).
places := [ids |
	some own in cloudbuild.by_build
	ids := positions([step | some step in own; step.id != ""])
]

positions(named) := {step.id: {step.at} | some step in named} if {
	count({step.id | some step in named}) == count(named)
} else := {id: {step.at | some step in named; step.id == id} |
	some id in {step.id | some step in named}
}

# By build: position -> positions it waits for directly. A step without waitFor waits for the last such step before it
# and for everything between, which is the same as waiting for all.
edges := [direct |
	some own in cloudbuild.by_build
	direct := {step.at: waits(step) | some step in own}
]

waits(step) := named if {
	step.waits != []
	named := {place |
		some id in step.waits
		some place in object.get(places[step.build], id, set())
	}
} else := {place | some place in numbers.range(last_barrier(step), step.at - 1)} if {
	step.at > 0
} else := set()

# The last step before it that waits for everything, or the first one.
last_barrier(step) := max({0} | {at |
	some at in barriers[step.build]
	at < step.at
})

barriers := [alone |
	some own in cloudbuild.by_build
	alone := {step.at | some step in own; step.waits == []}
]

# Everything that has run before a step.
before(number, at) := graph.reachable(edges[number], edges[number][at])
