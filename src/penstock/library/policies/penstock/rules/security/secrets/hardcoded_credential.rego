# METADATA
# title: Hardcoded credential
# description: A literal password cannot be rotated without a commit.
# custom:
#   id: security.secrets.hardcoded_credential
#   severity: D
#   message: "a credential has a literal value: {detail}"
#   remediation: Replace the literal by a Secret Manager reference.
#   controls:
#     soc2: [CC6.1]
#     cis: [2.3.8, 5.1.3]
#     owasp: [CICD-SEC-6]
#   fixer: by_name
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.hardcoded_credential

import data.penstock.lib.facts

findings := facts.reported("security.secrets.hardcoded_credential")
