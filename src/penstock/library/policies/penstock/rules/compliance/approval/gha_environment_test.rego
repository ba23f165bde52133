package penstock.tests.compliance.approval.gha_environment_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.approval.gha_environment as rule

deploy := {"run": "gcloud run deploy app --project=shop-prod"}

test_denies_a_production_job_without_an_environment if {
	given.pointers(rule.findings) == {"/jobs/build"} with input.artifacts as given.workflow(deploy)
}

test_denies_by_the_job_s_name if {
	every name in ["deploy-prod", "production"] {
		count(rule.findings) == 1 with input.artifacts as [given.job(name, {"steps": [{"run": "kubectl apply -f k8s"}]})]
	}
}

test_denies_a_deploying_action if {
	step := {"name": "To production", "uses": "google-github-actions/deploy-cloudrun@v2", "with": {"service": "app"}}
	count(rule.findings) == 1 with input.artifacts as given.workflow(step)
	named := {"uses": "google-github-actions/deploy-cloudrun@v2", "with": {"project_id": "shop-prod", "wait": true}}
	count(rule.findings) == 1 with input.artifacts as given.workflow(named)
}

test_allows_an_environment if {
	every environment in ["production", {"name": "production", "url": "x"}] {
		count(rule.findings) == 0 with input.artifacts as [given.job("deploy-prod", {"environment": environment, "steps": [deploy]})]
	}
}

test_allows_other_environments if {
	count(rule.findings) == 0 with input.artifacts as given.workflow({"run": "gcloud run deploy app --project=shop-dev"})
}

test_boundary_a_job_that_deploys_nothing if {
	count(rule.findings) == 0 with input.artifacts as [given.job("build-prod", {"steps": [{"run": "npm run build --prod"}, "x"]})]
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.workflow({"run": "gcloud run deploy app --project=${{ vars.PROJECT }}"})
}
