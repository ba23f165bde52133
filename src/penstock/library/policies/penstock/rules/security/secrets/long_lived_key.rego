# METADATA
# title: Long-lived key
# description: |
#   A service account's key works from anywhere, for anyone who has it, until somebody deletes it.
# custom:
#   id: security.secrets.long_lived_key
#   severity: G
#   message: "{detail}"
#   remediation: Use the build service account or Workload Identity Federation.
#   controls:
#     soc2: [CC6.1]
#     owasp: [CICD-SEC-2, CICD-SEC-6]
#   applies_to: [cloudbuild, dockerfile, k8s, cloudrun, github-workflow]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.long_lived_key

import data.penstock.lib.kubernetes
import data.penstock.lib.runs
import data.penstock.lib.shape
import data.penstock.lib.workflows

key_use := `\bgcloud auth activate-service-account\b|\bdocker login\b[^\n;|]*[ "'=]_json_key`

key_path := `\bGOOGLE_APPLICATION_CREDENTIALS=["']?[^ \t\n"']+\.json`

federated := `workload|federat|wif|external|cred[-_]?config|/tokens/`

findings contains runs.finding(run, {"detail": "a service account's key is activated"}) if {
	regex.match(key_use, runs.text)
	some run in runs.everything
	regex.match(key_use, run.code)
}

findings contains runs.finding(run, {"detail": "GOOGLE_APPLICATION_CREDENTIALS names a key file"}) if {
	contains(runs.text, "GOOGLE_APPLICATION_CREDENTIALS")
	some run in runs.everything
	some match in regex.find_n(key_path, run.code, 5)
	not regex.match(federated, lower(match))
}

findings contains kubernetes.finding(document, shape.pointer(path), {"detail": "the pod reads a key file"}) if {
	some document in kubernetes.documents
	contains(document.written, "GOOGLE_APPLICATION_CREDENTIALS")
	walk(document.doc, [path, value])
	is_object(value)
	value.name == "GOOGLE_APPLICATION_CREDENTIALS"
	place := object.get(value, "value", null)
	is_string(place)
	endswith(place, ".json")
	not regex.match(federated, lower(place))
}

findings contains {
	"file": step.file,
	"index": step.index,
	"pointer": sprintf("%s/with/%s", [step.pointer, key]),
	"line": 0,
	"args": {"detail": sprintf("%s hands over a key", [key])},
} if {
	some step in workflows.steps
	startswith(step.uses, "google-github-actions/")
	some key in {"credentials_json", "service_account_key"}
	object.get(step["with"], key, "") != ""
}
