# METADATA
# title: Floating secret version
# description: |
#   With latest a rotation reaches production without a change that anybody reviewed.
# custom:
#   id: security.secrets.floating_version
#   severity: W
#   message: "{detail}"
#   remediation: Pin a secret version and roll it by a change.
#   controls:
#     soc2: [CC8.1]
#   applies_to: [cloudbuild, cloudrun]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.floating_version

import data.penstock.lib.cloudbuild
import data.penstock.lib.kubernetes
import data.penstock.lib.shape
import data.penstock.lib.shell

findings contains cloudbuild.finding_in(build, pointer, {"detail": "versionName ends with /latest"}) if {
	some build in cloudbuild.builds
	some at, secret in shape.listed(object.get(build.doc, ["availableSecrets", "secretManager"], null))
	endswith(shell.filled(shell.named(shape.text(shape.field(secret, "versionName"))), build.values), "/latest")
	pointer := sprintf("/availableSecrets/secretManager/%d/versionName", [at])
}

findings contains cloudbuild.finding(step, step.own, {"detail": "--set-secrets takes the latest version"}) if {
	contains(cloudbuild.text, ":latest")
	some step in cloudbuild.steps
	regex.match(`--(?:set|update)-secrets[ =][^ \t\n]*:latest\b`, step.code)
}

findings contains kubernetes.finding(document, shape.pointer(path), {"detail": "secretKeyRef takes latest"}) if {
	some document in kubernetes.documents
	document.kind == "cloudrun"
	contains(document.written, `"latest"`)
	walk(document.doc, [path, value])
	value.key == "latest"
	path[count(path) - 1] == "secretKeyRef"
}
