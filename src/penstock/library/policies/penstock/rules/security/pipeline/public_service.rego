# METADATA
# title: Public service
# description: |
#   Everybody on the Internet may call the service, although nobody declared it public.
# custom:
#   id: security.pipeline.public_service
#   severity: W
#   message: "{detail}"
#   remediation: Drop the flag or declare the service public.
#   controls:
#     soc2: [CC6.6]
#     owasp: [CICD-SEC-7]
#   applies_to: [cloudbuild, cloudrun, github-workflow]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.public_service

import data.penstock.lib.kubernetes
import data.penstock.lib.runs
import data.penstock.lib.shape

public if shape.within(input, ["service", "public"]) == true

place := ["metadata", "annotations", "run.googleapis.com/invoker-iam-disabled"]

findings contains runs.finding(run, {"detail": "the service is deployed for unauthenticated callers"}) if {
	not public
	contains(runs.text, "--allow-unauthenticated")
	some run in runs.everything
	contains(run.code, "--allow-unauthenticated")
	some command in runs.commands(run)
	regex.match(`\bgcloud (?:alpha |beta )?(?:run|functions)\b.*[ \t]["']?--allow-unauthenticated(?:["' \t]|$)`, command)
}

findings contains runs.finding(run, {"detail": "allUsers may invoke the service"}) if {
	not public
	contains(runs.text, "allUsers")
	some run in runs.everything
	contains(run.code, "allUsers")
	some command in runs.commands(run)
	regex.match(`\badd-iam-policy-binding\b.*\ballUsers\b`, command)
	regex.match(`(?:run|cloudfunctions)\.invoker\b`, command)
}

findings contains kubernetes.finding(document, shape.pointer(place), {"detail": "the invoker check is off"}) if {
	not public
	some document in kubernetes.documents
	document.kind == "cloudrun"
	object.get(document.doc, place, null) == "true"
}
