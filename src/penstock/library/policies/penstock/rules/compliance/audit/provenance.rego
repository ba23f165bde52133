# METADATA
# title: Provenance
# description: |
#   Only an image that Cloud Build pushed itself has a signed statement of how it was made, and only Binary
#   Authorization asks for it.
# custom:
#   id: compliance.audit.provenance
#   severity: W
#   profiles:
#     soc2-strict: deny
#   message: "{detail}"
#   remediation: 'List images:, set VERIFIED, enable Binary Authorization.'
#   controls:
#     soc2: [CC7.1]
#     slsa: [B2, B3]
#     cis: [2.4.1, 4.3.1]
#     owasp: [CICD-SEC-9]
#   applies_to: [cloudbuild, cloudrun]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.audit.provenance

import data.penstock.lib.cloudbuild
import data.penstock.lib.deploy
import data.penstock.lib.images
import data.penstock.lib.kubernetes
import data.penstock.lib.shell

findings contains cloudbuild.finding_in(build, pointer, {"detail": "a step pushes the image, not images:"}) if {
	some number, build in cloudbuild.builds
	some reference, pointer in images.pushes[number]
	startswith(pointer, "/steps/")
	not images.references[number][reference].repository in listed[number]
}

findings contains cloudbuild.finding_in(build, "/options", {"detail": "requestedVerifyOption is not VERIFIED"}) if {
	some number, build in cloudbuild.builds
	images.makes(number)
	object.get(build.doc, ["options", "requestedVerifyOption"], null) != "VERIFIED"
}

findings contains kubernetes.finding(document, "/metadata", {"detail": "no Binary Authorization in production"}) if {
	some document in kubernetes.documents
	document.kind == "cloudrun"
	deploy.production_target(document.doc)
	object.get(document.doc, ["metadata", "annotations", "run.googleapis.com/binary-authorization"], null) == null
}

findings contains cloudbuild.finding(step, step.own, {"detail": "no --binary-authorization for production"}) if {
	some step in deploy.changing_steps
	some command in deploy.changing(shell.commands(step.code))
	regex.match(`\bgcloud (?:alpha |beta )?run deploy\b`, command)
	deploy.mentions_production(command)
	not contains(command, "--binary-authorization")
}

# By build: repositories that images: lists.
listed := [repositories |
	some number, places in images.pushes
	repositories := {images.references[number][reference].repository |
		some reference, pointer in places
		startswith(pointer, "/images/")
	}
]
