package penstock.tests.security.secrets.undefined_reference_k8s_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.secrets.undefined_reference_k8s as rule

reference(name) := {"name": "app", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "k"}}}]}

maker(kind, more) := given.file("k8s", "k8s/secret.yaml", object.union({"kind": kind, "metadata": {"name": "db"}}, more))

test_warns_of_a_secret_nobody_makes if {
	expected := {"/spec/template/spec/containers/0/env/0/valueFrom/secretKeyRef"}
	given.pointers(rule.findings) == expected with input.artifacts as [given.pod(reference("db"))]
}

test_warns_of_env_from_and_volumes if {
	pod := given.pod({"name": "app", "envFrom": [{"secretRef": {"name": "db"}}], "volumes": [{"secret": {"secretName": "tls"}}]})
	count(rule.findings) == 2 with input.artifacts as [pod]
}

test_allows_what_the_set_makes if {
	every more in [{}, {"spec": {"target": {"name": "db"}}}] {
		count(rule.findings) == 0 with input.artifacts as [given.pod(reference("db")), maker("ExternalSecret", more)]
		count(rule.findings) == 0 with input.artifacts as [given.pod(reference("db")), maker("SecretSync", more)]
	}
}

test_allows_a_target_of_another_name if {
	made := given.file("k8s", "e.yaml", {"kind": "ExternalSecret", "metadata": {"name": "x"}, "spec": {"target": {"name": "db"}}})
	count(rule.findings) == 0 with input.artifacts as [given.pod(reference("db")), made]
}

test_allows_a_secret_provider_class if {
	made := given.file("k8s", "s.yaml", {"kind": "SecretProviderClass", "spec": {"secretObjects": [{"secretName": "db"}]}})
	count(rule.findings) == 0 with input.artifacts as [given.pod(reference("db")), made]
}

test_allows_kustomize_s_generator if {
	made := given.file("kustomization", "kustomization.yaml", {"secretGenerator": [{"name": "db"}]})
	count(rule.findings) == 0 with input.artifacts as [given.pod(reference("db")), made]
}

test_allows_what_the_organisation_has if {
	count(rule.findings) == 0 with input as {"artifacts": [given.pod(reference("db"))], "org": {"secrets": ["db"]}}
}

test_boundary_optional_is_optional if {
	pod := given.pod({"envFrom": [{"secretRef": {"name": "db", "optional": true}}]})
	count(rule.findings) == 0 with input.artifacts as [pod]
}

test_boundary_cloud_run_names_secret_manager if {
	service := object.union(given.pod(reference("db")), {"kind": "cloudrun"})
	count(rule.findings) == 0 with input.artifacts as [service]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as [given.pod(reference("${SECRET}")), given.pod(reference("{{ name }}"))]
}
