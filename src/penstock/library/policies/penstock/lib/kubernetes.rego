# METADATA
# title: Kubernetes and Cloud Run manifests
# description: |
#   The documents of the set, those that make pods, and their containers' images.
package penstock.lib.kubernetes

import data.penstock.lib.shape

workload_kinds := {
	"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod",
}

documents := [document |
	some artifact in input.artifacts
	artifact.kind in {"k8s", "cloudrun"}
	is_object(artifact.doc)
	document := {
		"file": artifact.path,
		"index": artifact.index,
		"kind": artifact.kind,
		"doc": artifact.doc,
		"written": json.marshal(artifact.doc),
	}
]

workloads := [document |
	some document in documents
	document.kind == "k8s"
	shape.field(document.doc, "kind") in workload_kinds
]

containers := [container |
	some document in documents
	contains(document.written, "ontainers\"")
	walk(document.doc, [path, value])
	path[count(path) - 1] in {"containers", "initContainers", "ephemeralContainers"}
	some at, raw in shape.listed(value)
	container := {
		"document": document,
		"pointer": sprintf("%s/%d/image", [shape.pointer(path), at]),
		"image": shape.text(shape.field(raw, "image")),
	}
]

name_of(document) := shape.text(shape.within(document, ["metadata", "name"]))

finding(document, pointer, args) := {
	"file": document.file,
	"index": document.index,
	"pointer": pointer,
	"line": 0,
	"args": args,
}
