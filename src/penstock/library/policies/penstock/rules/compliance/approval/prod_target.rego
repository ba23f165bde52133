# METADATA
# title: Approval for production
# description: |
#   Nobody should be able to reach production alone, by accident or on purpose.
# custom:
#   id: compliance.approval.prod_target
#   severity: G
#   message: "the production target {target} does not ask for approval"
#   remediation: 'Set requireApproval: true on the prod target.'
#   controls:
#     soc2: [CC8.1, CC6.1]
#     slsa: [S4]
#     cis: [1.1.3, 5.2.3]
#     owasp: [CICD-SEC-1]
#   applies_to: [clouddeploy]
#   fixer: approve
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.approval.prod_target

import data.penstock.lib.deploy
import data.penstock.lib.shape

findings contains {
	"file": target.file,
	"index": target.index,
	"pointer": pointer(target.doc),
	"line": 0,
	"args": {"target": target.name},
} if {
	some target in deploy.targets
	target.production
	not target.approved
	not target.name in deploy.asked_by_parent
}

pointer(document) := "/requireApproval" if shape.field(document, "requireApproval") != null

else := "/metadata/name"
