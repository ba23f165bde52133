package penstock.lib.deploy_test

import data.penstock.lib.deploy
import data.penstock.lib.given_test as given

test_names_that_say_production if {
	every name in ["prod", "PROD", "production", "prd", "live", "shop-prod", "prodEU", "eu_production_1", "shop-live", "k8s/prod"] {
		deploy.production(name)
	}
}

test_names_that_do_not if {
	every name in ["", "staging", "production-like-dev", "nonprod", "non-prod", "preprod", "notProd", "prod-like", "product", "live-chat", "pre-live", "prod-test"] {
		not deploy.production(name)
	}
}

test_lower_environments if {
	every name in ["dev", "shop-staging", "qaCluster", "uat1-uat"] {
		deploy.lower_environment(name)
	}
	not deploy.lower_environment("contest")
}

test_settings_and_domains_say_nothing if {
	not deploy.mentions_production("gcloud run deploy app --set-env-vars=NODE_ENV=production")
	not deploy.mentions_lower("gcloud run deploy --image europe-docker.pkg.dev/p/r/app")
	deploy.mentions_production("kubectl -n prod apply")
	deploy.mentions_lower("kubectl -n dev apply")
}

test_changing_commands if {
	deploy.changing(["kubectl apply -f x", "kubectl apply --dry-run=client -f x", "kubectl get pods"]) == ["kubectl apply -f x"]
}

test_a_target_s_labels_speak_when_its_name_does_not if {
	deploy.production_target({"metadata": {"name": "p1", "labels": {"env": "prod"}}})
	not deploy.production_target({"metadata": {"name": "p1", "labels": {"env": "dev"}}})
	not deploy.production_target("x")
}

test_a_stage_is_judged_by_its_target_s_document if {
	deploy.for_production("prod") with input.artifacts as []
	not deploy.for_production("p1") with input.artifacts as [given.target("p1", {})]
}
