# METADATA
# title: Ambiguous YAML
# description: Two parsers that read one file differently make the review worthless.
# custom:
#   id: integrity.yaml.ambiguous
#   severity: D
#   message: "the YAML can be read in two ways: {detail}"
#   remediation: Write one explicit key/value.
#   controls:
#     soc2: [CC8.1]
#   waivable: true
#   since: 0.1.0
package penstock.rules.integrity.yaml.ambiguous

import data.penstock.lib.facts

findings := facts.reported("integrity.yaml.ambiguous")
