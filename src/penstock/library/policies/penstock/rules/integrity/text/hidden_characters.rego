# METADATA
# title: Hidden characters
# description: Text that looks different from what runs hides a change from review.
# custom:
#   id: integrity.text.hidden_characters
#   severity: D
#   message: "the file holds a hidden character: {detail}"
#   remediation: Remove the character.
#   controls:
#     soc2: [CC6.8]
#   fixer: leave_out
#   waivable: false
#   since: 0.1.0
package penstock.rules.integrity.text.hidden_characters

import data.penstock.lib.facts

findings := facts.reported("integrity.text.hidden_characters")
