package penstock.tests.compliance.approval.direct_prod_deploy_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.approval.direct_prod_deploy as rule

where := {finding.args.where | some finding in rule.findings}

test_denies_production if {
	every text in [
		"gcloud run deploy app --project=shop-prod", "kubectl apply -f k8s/overlays/production", "helm upgrade app ./c -n prod",
		"gcloud run services update-traffic app --to-latest --project shop-live",
	] {
		where == {"production"} with input.artifacts as given.shell(text)
	}
}

test_denies_production_by_the_step_s_name if {
	artifacts := given.steps([{"id": "route prod traffic", "name": "x/gcloud", "args": ["run", "services", "update-traffic", "app"]}])
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as artifacts
}

test_denies_an_environment_nobody_names if {
	every step in [
		{"name": "gcr.io/cloud-builders/gcloud", "args": ["run", "deploy", "app"]},
		{"name": "gcr.io/cloud-builders/gke-deploy", "args": ["run", "--filename=k8s"]},
		{"name": "gcr.io/$PROJECT_ID/firebase", "args": ["deploy"]},
		{"name": "gcr.io/cloud-builders/gcloud", "entrypoint": "./scripts/deploy.sh", "args": ["app"]},
		{"name": "hashicorp/terraform", "args": ["apply", "-auto-approve"]},
		{"name": "a", "script": "skaffold run"},
	] {
		where == {"a running environment"} with input.artifacts as given.steps([step])
	}
}

test_allows_lower_environments if {
	every text in ["gcloud run deploy app --project=shop-dev", "kubectl apply -n staging -f x", "helm upgrade app . -f values-test.yaml"] {
		count(rule.findings) == 0 with input.artifacts as given.shell(text)
	}
	file := object.union(given.build({"steps": [{"name": "a", "script": "skaffold run"}]}), {"path": "ci/cloudbuild-staging.yaml"})
	count(rule.findings) == 0 with input.artifacts as [file]
}

test_allows_what_changes_nothing if {
	every text in [
		"kubectl apply --dry-run=server -f prod/", "helm template app", "gcloud run services describe app", "kubectl get pods -n prod",
		"echo gcloud run deploy app-prod", "# kubectl apply -f prod/", "gcloud deploy releases create r --delivery-pipeline=prod",
		"terraform plan",
	] {
		count(rule.findings) == 0 with input.artifacts as given.shell(text)
	}
}

test_boundary_what_the_build_takes_down_again if {
	text := "gcloud run deploy app\nmake smoke\ngcloud run services delete app"
	count(rule.findings) == 0 with input.artifacts as given.shell(text)
	count(rule.findings) == 0 with input.artifacts as given.shell("gcloud run deploy app-$BUILD_ID")
}

test_boundary_a_setting_is_no_environment if {
	text := "gcloud run deploy app --project=shop-dev --set-env-vars=NODE_ENV=production"
	count(rule.findings) == 0 with input.artifacts as given.shell(text)
	registry := "gcloud run deploy app --image europe-docker.pkg.dev/p/r/app"
	where == {"a running environment"} with input.artifacts as given.shell(registry)
}

test_denies_what_stands_in_for_the_approval if {
	every text in [
		"gcloud deploy rollouts approve r --release=a", "gcloud beta deploy rollouts advance r",
		"gcloud deploy releases promote --release=a", "gcloud deploy releases promote --release=a --to-target=app-production",
		"gcloud deploy releases create a --to-target=\"app-prod\"", "gcloud deploy releases create a --to-target app-live",
	] {
		where == {"production"} with input.artifacts as given.shell(text)
	}
}

test_allows_releases_on_their_way if {
	every text in [
		"gcloud deploy releases create a --delivery-pipeline=prod", "gcloud deploy releases create a --to-target=app-staging",
		"gcloud deploy releases promote --release=a --to-target=app-staging", "gcloud deploy rollouts list",
		"echo gcloud deploy rollouts approve r", "# gcloud deploy releases promote --release=a",
		"gcloud deploy releases create a --to-target=$TARGET",
	] {
		count(rule.findings) == 0 with input.artifacts as given.shell(text)
	}
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as given.shell("$TOOL $ACTION app")
