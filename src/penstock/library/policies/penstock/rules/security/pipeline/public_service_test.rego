package penstock.tests.security.pipeline.public_service_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.public_service as rule

deploy(flag) := given.program("gcr.io/cloud-builders/gcloud", ["run", "deploy", "app", flag])

test_warns_of_the_flag if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as deploy("--allow-unauthenticated")
	count(rule.findings) == 1 with input.artifacts as given.script("gcloud functions deploy f \\\n  --allow-unauthenticated")
	count(rule.findings) == 1 with input.artifacts as given.workflow({"run": "gcloud beta run deploy a --allow-unauthenticated"})
}

test_warns_of_a_binding_for_everybody if {
	text := "gcloud run services add-iam-policy-binding app --member=allUsers --role=roles/run.invoker"
	count(rule.findings) == 1 with input.artifacts as given.script(text)
}

test_warns_of_a_switched_off_check if {
	doc := {"kind": "Service", "metadata": {"annotations": {"run.googleapis.com/invoker-iam-disabled": "true"}}}
	expected := {"/metadata/annotations/run.googleapis.com~1invoker-iam-disabled"}
	given.pointers(rule.findings) == expected with input.artifacts as [given.file("cloudrun", "s.yaml", doc)]
}

test_allows_a_service_declared_public if {
	known := {"artifacts": deploy("--allow-unauthenticated"), "service": {"name": "a", "public": true}}
	count(rule.findings) == 0 with input as known
}

test_allows_the_opposite if {
	count(rule.findings) == 0 with input.artifacts as deploy("--no-allow-unauthenticated")
}

test_boundary_the_same_flag_of_apt if {
	count(rule.findings) == 0 with input.artifacts as given.script("apt-get install --allow-unauthenticated x")
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as deploy("$_FLAG")
