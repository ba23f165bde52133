# METADATA
# title: Undefined secret
# description: |
#   A step that asks for a secret the build does not declare is refused when it starts.
# custom:
#   id: security.secrets.undefined_reference
#   severity: D
#   message: "secretEnv {name} is not declared"
#   remediation: Declare the secret under availableSecrets.secretManager.
#   controls:
#     soc2: [CC6.1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.undefined_reference

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

# By build: names that some kind of secret fills.
declared := [names |
	some build in cloudbuild.builds
	names := ({shape.field(secret, "env") |
		some secret in shape.listed(object.get(build.doc, ["availableSecrets", "secretManager"], null))
	} | {name |
		some secret in shape.listed(object.get(build.doc, ["availableSecrets", "inline"], null))
		some name, _ in shape.mapping(shape.field(secret, "envMap"))
	}) | {name |
		some secret in shape.listed(object.get(build.doc, "secrets", null))
		some name, _ in shape.mapping(shape.field(secret, "secretEnv"))
	}
]

findings contains cloudbuild.finding(step, sprintf("/secretEnv/%d", [at]), {"name": name}) if {
	some step in cloudbuild.steps_with_secrets
	some at, name in shape.entries(step.raw, "secretEnv")
	unknown(step.build, name)
}

findings contains cloudbuild.finding_in(build, sprintf("/options/secretEnv/%d", [at]), {"name": name}) if {
	some number, build in cloudbuild.builds
	some at, name in shape.listed(object.get(build.doc, ["options", "secretEnv"], null))
	unknown(number, name)
}

unknown(number, name) if {
	is_string(name)
	not contains(name, "$")
	not name in declared[number]
}
