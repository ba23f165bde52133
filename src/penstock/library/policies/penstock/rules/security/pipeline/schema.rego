# METADATA
# title: Cloud Build schema
# description: Cloud Build and Cloud Deploy refuse a file with fields they do not know.
# custom:
#   id: security.pipeline.schema
#   severity: D
#   message: "the file does not fit the schema: {detail}"
#   remediation: Correct the field name.
#   controls:
#     soc2: [CC8.1]
#     cis: [2.3.1]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.schema

import data.penstock.lib.facts

findings := facts.reported("security.pipeline.schema")
