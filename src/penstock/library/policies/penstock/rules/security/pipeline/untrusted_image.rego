# METADATA
# title: Untrusted image
# description: |
#   An image from anywhere runs with the build's or the service's identity.
# custom:
#   id: security.pipeline.untrusted_image
#   severity: G
#   message: "{image} comes from a registry that nobody vouched for"
#   remediation: Mirror the image in Artifact Registry.
#   controls:
#     soc2: [CC6.8]
#     cis: [3.1.5]
#     owasp: [CICD-SEC-3, CICD-SEC-8]
#   applies_to: [cloudbuild, dockerfile, k8s, cloudrun]
#   fixer: pin
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.untrusted_image

import data.penstock.lib.cloudbuild
import data.penstock.lib.dockerfiles
import data.penstock.lib.images
import data.penstock.lib.kubernetes
import data.penstock.lib.shell

findings contains cloudbuild.finding(doubt.step, "/name", {"image": image.repository}) if {
	some doubt in images.doubts
	image := doubt.image
	image.untrusted
}

findings contains dockerfiles.finding(instruction, {"image": images.parsed(base).repository}) if {
	some instruction in dockerfiles.instructions
	instruction.cmd == "from"
	known := object.get(dockerfiles.defaults, instruction.file, {})
	base := shell.filled(shell.named(instruction.value[0]), known)
	images.untrusted(base)
}

findings contains kubernetes.finding(container.document, container.pointer, {"image": repository}) if {
	some container in kubernetes.containers
	images.untrusted(container.image)
	repository := images.parsed(container.image).repository
}
