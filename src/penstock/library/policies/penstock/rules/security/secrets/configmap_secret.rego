# METADATA
# title: Credential in a ConfigMap
# description: A ConfigMap is readable by whoever can read the namespace.
# custom:
#   id: security.secrets.configmap_secret
#   severity: D
#   message: "a ConfigMap key holds a credential: {detail}"
#   remediation: Move the key to a Secret reference.
#   controls:
#     soc2: [CC6.1]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.configmap_secret

import data.penstock.lib.facts

findings := facts.reported("security.secrets.configmap_secret")
