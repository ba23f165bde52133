# METADATA
# title: Secret with values
# description: The data of a Secret is only base64, not encrypted.
# custom:
#   id: security.secrets.k8s_secret_literal
#   severity: D
#   message: "a Secret carries its value in the file: {detail}"
#   remediation: Use External Secrets / Secret Manager CSI; commit only the reference.
#   controls:
#     soc2: [CC6.1]
#     cis: [5.1.3]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.k8s_secret_literal

import data.penstock.lib.facts

findings := facts.reported("security.secrets.k8s_secret_literal")
