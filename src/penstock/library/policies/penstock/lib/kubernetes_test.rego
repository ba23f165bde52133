package penstock.lib.kubernetes_test

import data.penstock.lib.given_test as given
import data.penstock.lib.kubernetes

pointers(doc) := found if {
	found := [container.pointer | some container in kubernetes.containers] with input.artifacts as [given.file("k8s", "a.yaml", doc)]
}

pod := {"containers": [{"image": "a"}, "x"], "initContainers": [{"image": "b"}]}

test_containers_are_found_where_they_usually_stand if {
	inside := ["/containers/0/image", "/containers/1/image", "/initContainers/0/image"]
	pointers({"spec": pod}) == [concat("", ["/spec", each]) | some each in inside]
	pointers({"spec": {"template": {"spec": pod}}}) == [concat("", ["/spec/template/spec", each]) | some each in inside]
	pointers({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{}]}}}}}}) == ["/spec/jobTemplate/spec/template/spec/containers/0/image"]
}

test_containers_are_found_anywhere_else if {
	pointers({"items": [{"spec": {"containers": [{}]}}]}) == ["/items/0/spec/containers/0/image"]
	count(pointers({"spec": {"containers": [{}], "more": {"ephemeralContainers": [{}]}}})) == 2
	pointers({"spec": {"containers": {"image": "a"}, "note": "\"containers\":[x"}}) == []
}

test_no_containers_no_search if pointers({"spec": {"ports": []}}) == []
