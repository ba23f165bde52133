# METADATA
# title: Environments and deployments
# description: |
#   What a name says about its environment, which commands change a running one, and Cloud Deploy's targets.
package penstock.lib.deploy

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

change_pattern := concat("|", data.deploys.patterns)

harmless := concat("|", data.deploys.harmless)

undone := concat("|", data.deploys.undone)

release_pattern := concat("|", data.deploys.releases)

# The words of a name, in lower case: nonProd-EU1 gives non, prod, eu1.
words(name) := [word |
	some word in regex.split(`[^a-z0-9]+`, lower(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}-${2}")))
	word != ""
]

# Whether a name says production. non-prod, pre-prod and production-like-dev do not.
production(name) if {
	told := words(name)
	some at, word in told
	word in data.environments.production
	not softened(told, at)
}

production(name) if {
	told := words(name)
	told != []
	told[count(told) - 1] in data.environments.production_alone
	not softened(told, count(told) - 1)
}

softened(told, _) if {
	some word in told
	word in data.environments.lower
}

softened(told, at) if told[at - 1] in data.environments.negations

softened(told, at) if told[at + 1] == "like"

lower_environment(name) if {
	some word in words(name)
	word in data.environments.lower
}

# The names in a command line; settings such as NODE_ENV=production and domains such as pkg.dev say nothing.
names(text) := regex.split(`[ \t\n=,"':/@;|&()]+`, regex.replace(text, data.environments.settings, ""))

mentions_production(text) if {
	some name in names(text)
	production(name)
}

mentions_lower(text) if {
	some name in names(text)
	lower_environment(name)
}

# Commands of a list that change a running environment.
changing(commands) := [command |
	some command in commands
	regex.match(change_pattern, command)
	not regex.match(harmless, command)
]

targets := [target |
	some artifact in input.artifacts
	artifact.kind == "clouddeploy"
	shape.field(artifact.doc, "kind") == "Target"
	target := {
		"file": artifact.path,
		"index": artifact.index,
		"doc": artifact.doc,
		"name": name_of(artifact.doc),
		"production": production_target(artifact.doc),
		"approved": shape.field(artifact.doc, "requireApproval") == true,
	}
]

name_of(document) := shape.text(shape.within(document, ["metadata", "name"]))

production_target(document) if production(name_of(document))

else if {
	some key in data.environments.labels
	production(shape.text(shape.within(document, ["metadata", "labels", key])))
} else := false

# Names of targets whose parent asks for approval; the children may not.
asked_by_parent := {child |
	some target in targets
	target.approved
	some child in shape.texts(shape.within(target.doc, ["multiTarget", "targetIds"]))
}

pipelines := [pipeline |
	some artifact in input.artifacts
	artifact.kind == "clouddeploy"
	shape.field(artifact.doc, "kind") == "DeliveryPipeline"
	pipeline := {
		"file": artifact.path,
		"index": artifact.index,
		"name": name_of(artifact.doc),
		"stages": [stage |
			some stage in shape.listed(shape.within(artifact.doc, ["serialPipeline", "stages"]))
			is_object(stage)
		],
	}
]

# Whether a target is for production, by its own document or, when that is elsewhere, by its name.
for_production(id) if {
	some target in targets
	target.name == id
	target.production
}

for_production(id) if {
	not id in {target.name | some target in targets}
	production(id)
}

# Steps that create a release or change a running environment.
changing_steps := [step |
	some step in cloudbuild.steps
	regex.match(change_pattern, step.code)
	count(changing(step.commands)) > 0
]

releasing_steps := [step | some step in cloudbuild.steps; regex.match(release_pattern, step.code)]
