# METADATA
# title: Environments and deployments
# description: |
#   What a name says about its environment, which commands change a running one, and Cloud Deploy's targets.
package penstock.lib.deploy

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape
import data.penstock.lib.shell

deploys := data.deploys

environments := data.environments

change_pattern := concat("|", deploys.patterns)

harmless := concat("|", deploys.harmless)

undone := concat("|", deploys.undone)

release_pattern := concat("|", deploys.releases)

approval_pattern := concat("|", deploys.approvals)

promotion_pattern := concat("|", deploys.promotions)

# Whether a text can hold a word at all; most do not, and are not taken apart.
production_hint := hint(array.concat(environments.production, environments.production_alone))

lower_hint := hint(environments.lower)

hint(listed) := concat("", ["(?i)", concat("|", listed)])

# The words of a name, in lower case: nonProd-EU1 gives non, prod, eu1.
words(name) := [word |
	some word in regex.split(`[^a-z0-9]+`, lower(regex.replace(name, `([a-z0-9])([A-Z])`, "${1}-${2}")))
	word != ""
]

# Whether a name says production. non-prod, pre-prod and production-like-dev do not.
production(name) if {
	regex.match(production_hint, name)
	told := words(name)
	some at, word in told
	says_production(told, at, word)
	not softened(told, at)
}

says_production(_, _, word) if word in environments.production

says_production(told, at, word) if {
	at == count(told) - 1
	word in environments.production_alone
}

softened(told, _) if {
	some word in told
	word in environments.lower
}

softened(told, at) if told[at - 1] in environments.negations

softened(told, at) if told[at + 1] == "like"

lower_environment(name) if {
	regex.match(lower_hint, name)
	some word in words(name)
	word in environments.lower
}

# The names in a command line; settings such as NODE_ENV=production and domains such as pkg.dev say nothing.
names(text) := regex.split(`[ \t\n=,"':/@;|&()]+`, regex.replace(text, environments.settings, ""))

mentions_production(text) if {
	regex.match(production_hint, text)
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
	labels := shape.mapping(shape.within(document, ["metadata", "labels"]))
	some key in environments.labels
	production(shape.said(labels, key))
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

target_names := {target.name | some target in targets}

for_production(id) if {
	not id in target_names
	production(id)
}

# Steps that create a release or change a running environment.
changing_steps := [step |
	some step in cloudbuild.doing(change_pattern)
	changing(shell.commands(step.code)) != []
]

releasing_steps := cloudbuild.doing(release_pattern)
