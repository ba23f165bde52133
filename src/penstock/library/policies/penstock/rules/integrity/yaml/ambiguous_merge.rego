# METADATA
# title: Merged YAML
# description: A merge key (<<) is YAML 1.1 only; a reader without it sees another document, and a reviewer has to do the merge in the head.
# custom:
#   id: integrity.yaml.ambiguous_merge
#   severity: W
#   message: "the YAML needs a reader that merges: {detail}"
#   remediation: Write the merged keys out.
#   controls:
#     soc2: [CC8.1]
#   waivable: true
#   since: 0.1.0
package penstock.rules.integrity.yaml.ambiguous_merge

import data.penstock.lib.facts

findings := facts.reported("integrity.yaml.ambiguous_merge")
