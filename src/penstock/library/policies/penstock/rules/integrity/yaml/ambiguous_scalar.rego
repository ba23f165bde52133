# METADATA
# title: Value without quotes
# description: YAML 1.1 and 1.2 read such a value as different things, a boolean, a number or a text.
# custom:
#   id: integrity.yaml.ambiguous_scalar
#   severity: W
#   message: "the YAML has a value that readers take differently: {detail}"
#   remediation: Quote the value.
#   controls:
#     soc2: [CC8.1]
#   waivable: true
#   since: 0.1.0
package penstock.rules.integrity.yaml.ambiguous_scalar

import data.penstock.lib.facts

findings := facts.reported("integrity.yaml.ambiguous_scalar")
