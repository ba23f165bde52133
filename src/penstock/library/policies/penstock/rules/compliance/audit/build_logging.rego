# METADATA
# title: Build logging
# description: Without a log nobody can say afterwards what a build did.
# custom:
#   id: compliance.audit.build_logging
#   severity: D
#   message: "options.logging is NONE"
#   remediation: Use CLOUD_LOGGING_ONLY or a logs bucket.
#   controls:
#     soc2: [CC7.2, CC6.8]
#     cis: [2.1.3]
#     owasp: [CICD-SEC-10]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.audit.build_logging

findings contains {"file": build.path, "index": build.index, "pointer": "/options/logging", "line": 0, "args": {}} if {
	some build in input.artifacts
	build.kind == "cloudbuild"
	build.doc.options.logging == "NONE"
}
