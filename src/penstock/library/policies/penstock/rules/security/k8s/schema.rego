# METADATA
# title: Kubernetes schema
# description: The cluster refuses or silently drops what does not fit.
# custom:
#   id: security.k8s.schema
#   severity: D
#   message: "the manifest does not fit the schema: {detail}"
#   remediation: Align labels; use the current apiVersion.
#   controls:
#     soc2: [CC8.1]
#     cis: [5.1.6]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.k8s.schema

import data.penstock.lib.facts

findings := facts.reported("security.k8s.schema")
