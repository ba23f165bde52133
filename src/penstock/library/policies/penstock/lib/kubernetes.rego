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
	object.get(document.doc, "kind", null) in workload_kinds
]

containers := [container |
	some document in documents
	contains(document.written, "ontainers\":[")
	some list in container_lists(document)
	some at, raw in list.entries
	container := {
		"document": document,
		"pointer": sprintf("%s/%d/image", [shape.pointer(list.path), at]),
		"image": shape.text(shape.field(raw, "image")),
	}
]

# Where containers usually stand; a document that has more of them is searched.
pods := [["spec", "template", "spec"], ["spec"], ["spec", "jobTemplate", "spec", "template", "spec"]]

container_keys := ["containers", "initContainers", "ephemeralContainers"]

container_lists(document) := usual if {
	usual := [{"path": array.concat(pod, [key]), "entries": found} |
		some pod in pods
		fields := object.get(document.doc, pod, {})
		some key in container_keys
		found := fields[key]
		is_array(found)
	]
	count(split(document.written, "ontainers\":[")) == count(usual) + 1
} else := [{"path": path, "entries": value} |
	walk(document.doc, [path, value])
	is_array(value)
	path[count(path) - 1] in container_keys
]

name_of(document) := shape.text(shape.within(document, ["metadata", "name"]))

finding(document, pointer, args) := {
	"file": document.file,
	"index": document.index,
	"pointer": pointer,
	"line": 0,
	"args": args,
}
