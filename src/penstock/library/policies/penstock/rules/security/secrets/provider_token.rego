# METADATA
# title: Provider token
# description: A token in a file is in every clone and cannot be taken back.
# custom:
#   id: security.secrets.provider_token
#   severity: D
#   message: "a provider token is written in the file: {detail}"
#   remediation: Revoke the token, store it in Secret Manager, reference it with availableSecrets / secretKeyRef.
#   controls:
#     soc2: [CC6.1]
#     cis: [2.3.8]
#     owasp: [CICD-SEC-6]
#   fixer: by_name
#   waivable: false
#   since: 0.1.0
package penstock.rules.security.secrets.provider_token

import data.penstock.lib.facts

findings := facts.reported("security.secrets.provider_token")
