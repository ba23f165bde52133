# METADATA
# title: Credentials in a URL
# description: A URL is logged by every program it passes.
# custom:
#   id: security.secrets.url_credentials
#   severity: D
#   message: "a URL holds a literal password: {detail}"
#   remediation: Move the credential to Secret Manager.
#   controls:
#     soc2: [CC6.1]
#     owasp: [CICD-SEC-6]
#   fixer: by_name
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.url_credentials

import data.penstock.lib.facts

findings := facts.reported("security.secrets.url_credentials")
