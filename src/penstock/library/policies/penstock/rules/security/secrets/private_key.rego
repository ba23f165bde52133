# METADATA
# title: Private key
# description: A committed private key lets every reader act as its owner.
# custom:
#   id: security.secrets.private_key
#   severity: D
#   message: "a private key is written in the file: {detail}"
#   remediation: Delete the key, use Workload Identity Federation.
#   controls:
#     soc2: [CC6.1]
#     cis: [2.3.8]
#     owasp: [CICD-SEC-6]
#   fixer: by_name
#   waivable: false
#   since: 0.1.0
package penstock.rules.security.secrets.private_key

import data.penstock.lib.facts

findings := facts.reported("security.secrets.private_key")
