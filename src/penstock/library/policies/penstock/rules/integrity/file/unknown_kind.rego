# METADATA
# title: Unknown kind of file
# description: A generated file that no rule understands would pass unjudged.
# custom:
#   id: integrity.file.unknown_kind
#   severity: D
#   message: "no rule understands this generated file"
#   remediation: Remove the file or give it content of a known kind.
#   controls:
#     soc2: [CC8.1]
#   fixer: leave_out
#   waivable: true
#   since: 0.1.0
package penstock.rules.integrity.file.unknown_kind

findings contains {"file": artifact.path, "index": artifact.index, "pointer": "", "line": 0, "args": {}} if {
	some artifact in input.artifacts
	artifact.kind == "unknown"
	artifact.origin == "generated"
}
