# METADATA
# title: Secret from elsewhere
# description: |
#   A pod waits for a Secret that nothing here makes. Often it is made out of band; then the set cannot show that it
#   exists.
# custom:
#   id: security.secrets.undefined_reference_k8s
#   severity: W
#   message: "no file here makes the Secret {name}"
#   remediation: Add an ExternalSecret for it, or say where it comes from in the runbook.
#   controls:
#     soc2: [CC6.1]
#   applies_to: [k8s]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.secrets.undefined_reference_k8s

import data.penstock.lib.kubernetes
import data.penstock.lib.shape

makers := {"Secret", "SealedSecret", "ExternalSecret", "SecretSync"}

made contains kubernetes.name_of(document.doc) if {
	some document in kubernetes.documents
	object.get(document.doc, "kind", null) in makers
}

made contains name if {
	some document in kubernetes.documents
	name := object.get(document.doc, ["spec", "target", "name"], null)
	is_string(name)
}

made contains name if {
	some document in kubernetes.documents
	some secret in shape.listed(object.get(document.doc, ["spec", "secretObjects"], null))
	name := shape.field(secret, "secretName")
}

made contains name if {
	some artifact in input.artifacts
	artifact.kind == "kustomization"
	some secret in shape.listed(shape.field(artifact.doc, "secretGenerator"))
	name := shape.field(secret, "name")
}

made contains name if some name in shape.texts(shape.within(input, ["org", "secrets"]))

keys := {"secretKeyRef": "name", "secretRef": "name", "secret": "secretName"}

findings contains kubernetes.finding(document, shape.pointer(path), {"name": name}) if {
	some document in kubernetes.workloads
	contains(document.written, `"secret`)
	walk(document.doc, [path, value])
	is_object(value)
	key := object.get(keys, path[count(path) - 1], "")
	name := object.get(value, key, null)
	is_string(name)
	object.get(value, "optional", false) != true
	not regex.match(`[$<>{}]`, name)
	not name in made
}
