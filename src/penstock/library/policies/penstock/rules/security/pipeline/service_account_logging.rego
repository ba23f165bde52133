# METADATA
# title: Logging of a service account
# description: |
#   Cloud Build refuses a build with its own service account that does not say where its log goes.
# custom:
#   id: security.pipeline.service_account_logging
#   severity: D
#   message: "serviceAccount is set and nothing says where the log goes"
#   remediation: 'Add options.logging: CLOUD_LOGGING_ONLY.'
#   controls:
#     soc2: [CC7.2]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.service_account_logging

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

findings contains cloudbuild.finding_in(build, "/serviceAccount", {}) if {
	some build in cloudbuild.builds
	shape.text(object.get(build.doc, "serviceAccount", null)) != ""
	not says_where(build.doc)
}

says_where(document) if shape.text(shape.field(document, "logsBucket")) != ""

says_where(document) if shape.within(document, ["options", "logging"]) in {"CLOUD_LOGGING_ONLY", "NONE"}

says_where(document) if contains(shape.text(shape.within(document, ["options", "logging"])), "$")

says_where(document) if {
	shape.within(document, ["options", "defaultLogsBucketBehavior"]) == "REGIONAL_USER_OWNED_BUCKET"
}
