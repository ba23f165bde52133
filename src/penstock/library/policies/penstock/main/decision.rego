# METADATA
# title: The decision
# description: Joins every rule's findings with the catalogue and the profile. The only entry point.
package penstock.main

import data.penstock.main.selftest
import data.penstock.main.table

# METADATA
# description: Every finding with the catalogue's words, and the proof that every rule ran.
# entrypoint: true
decision := {
	"schema": "penstock.decision/v1",
	"selftest": selftest.nonce,
	"rules_evaluated": count(table.results),
	"findings": findings,
}

rules := data.catalogue.rules

findings contains object.union(base, lines) if {
	some id, found in table.results
	some finding in found
	rule := rules[id]
	base := {
		"id": id,
		"severity": object.get(rule.profiles, input.profile, "deny"),
		"file": finding.file,
		"index": finding.index,
		"pointer": finding.pointer,
		"message": message(rule, finding),
		"remediation": rule.remediation,
		"controls": rule.controls,
		"waivable": rule.waivable,
		"docs": rule.docs,
	}
	lines := line_of(finding)
}

message(rule, finding) := strings.replace_n(
	{sprintf("{%s}", [name]): sprintf("%v", [value]) | some name, value in finding.args},
	rule.message,
)

line_of(finding) := {"line": finding.line} if finding.line > 0

else := {}
