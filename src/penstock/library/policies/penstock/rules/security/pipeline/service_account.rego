# METADATA
# title: Default build identity
# description: |
#   The default build identity may do far more than one pipeline needs.
# custom:
#   id: security.pipeline.service_account
#   severity: W
#   message: "{detail}"
#   remediation: 'Set serviceAccount: to the pipeline identity.'
#   controls:
#     soc2: [CC6.1, CC6.3]
#     cis: [2.1.5]
#     owasp: [CICD-SEC-2, CICD-SEC-5]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.service_account

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

findings contains cloudbuild.finding_in(build, "", {"detail": "the build runs as the default account"}) if {
	some build in cloudbuild.builds
	shape.text(object.get(build.doc, "serviceAccount", null)) == ""
}

findings contains cloudbuild.finding_in(build, "/serviceAccount", {"detail": "it names a default account"}) if {
	some build in cloudbuild.builds
	regex.match(
		`@cloudbuild\.gserviceaccount\.com$|-compute@developer\.gserviceaccount\.com$|@appspot\.gserviceaccount\.com$`,
		shape.text(object.get(build.doc, "serviceAccount", null)),
	)
}
