# METADATA
# title: Protected path
# description: The pipeline writer must not be able to change who reviews it.
# custom:
#   id: compliance.change.protected_paths
#   severity: D
#   message: "the path may not be written: {detail}"
#   remediation: 'Write to a path that is open: cloudbuild*.yaml, clouddeploy.yaml, skaffold.yaml, a Dockerfile, k8s/, deploy/ or docs/cicd/.'
#   controls:
#     soc2: [CC8.1, CC6.3]
#     cis: [1.1.6, 1.1.7, 2.3.4]
#     owasp: [CICD-SEC-1, CICD-SEC-4]
#   fixer: leave_out
#   waivable: false
#   since: 0.1.0
package penstock.rules.compliance.change.protected_paths

import data.penstock.lib.facts

findings := facts.reported("compliance.change.protected_paths")
