# METADATA
# title: Removed API version
# description: No supported cluster serves this API version any more, so the manifest cannot be applied.
# custom:
#   id: security.k8s.schema_version
#   severity: W
#   message: "the manifest names an API version that is gone: {detail}"
#   remediation: Use the current apiVersion.
#   controls:
#     soc2: [CC8.1]
#     cis: [5.1.6]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.k8s.schema_version

import data.penstock.lib.facts

findings := facts.reported("security.k8s.schema_version")
