# METADATA
# title: Traceability
# description: |
#   An auditor must get from a file to the skills and the specification it was made from, and from there to the run.
# custom:
#   id: compliance.audit.traceability
#   severity: G
#   message: "the generated file does not name its skills and its specification"
#   remediation: Regenerate with provenance labels.
#   controls:
#     soc2: [CC7.2, CC8.1]
#     slsa: [B1]
#     cis: [4.4.1, 1.1.2]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.audit.traceability

ours := {"generated", "template"}

# Kinds that are headed by comments; the lock file names its specification in itself.
headed := {"cloudbuild", "clouddeploy", "cloudrun", "dockerfile", "k8s", "kustomization", "skaffold", "github-workflow"}

findings contains {"file": path, "index": index, "pointer": "", "line": 1, "args": {}} if {
	some path in untraced
	index := min({artifact.index | some artifact in input.artifacts; artifact.path == path})
}

untraced contains artifact.path if {
	some artifact in input.artifacts
	artifact.origin in ours
	artifact.kind in headed
	not traced(object.get(artifact, "header", ""))
}

traced(header) if {
	regex.match(`[a-z0-9]@[0-9]+\.[0-9]`, header)
	regex.match(`\bspec [0-9a-f]{8,}`, header)
}
