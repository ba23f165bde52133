"""Given the right changes, the files come out right and pass the gate: one test for each kind of wish."""

from __future__ import annotations

import pytest
from kinds_of_wishes import E2E, NIGHTLY, WISHES, wish
from laying import by_sentence, complaints, laid


@pytest.mark.parametrize("name", WISHES)
def test_every_kind_of_wish_passes_the_gate(name: str):
    made = wish(name)
    assert made.problems == []
    assert complaints(made) == []


@pytest.mark.parametrize("example", ["shop", "inventory", "ledger", "quote-service"])
def test_wishes_about_any_repository_pass_the_gate(example: str):
    service = laid(example).spec.services[0].name
    made = laid(
        example,
        target="gke",
        services=[{"name": service, "port": 9090, "secrets": [{"env": "API_TOKEN"}], "cpu": "500m"}],
        environments=[{"name": "test"}, {"name": "production", "canary": [25]}],
        add_steps=[{**E2E, "service": service, "script": "./e2e.sh", "lanes": ["scheduled", "main"]}],
        add_triggers=[NIGHTLY],
        intent="API_TOKEN; run `./e2e.sh` every night",
    )
    assert made.problems == []
    assert complaints(made) == []


def test_a_target_and_a_cluster_lead_to_the_skills_for_it():
    made = wish("target")
    target = made.document("clouddeploy.yaml", "Target")
    assert target["gke"]["cluster"] == "projects/acme-prod/locations/europe-west1/clusters/shop-cluster"
    assert by_sentence(made.spec.cloud.origin)
    assert "gke-deploy@1.0.0" in made.spec.skills


def test_no_deployment_leaves_tests_and_images():
    files = wish("no deployment").files()
    assert {"cloudbuild-pr.yaml", "cloudbuild.yaml"} <= set(files)
    assert not {"clouddeploy.yaml", "cloudbuild-release.yaml"} & set(files)


def test_region_project_and_branch_reach_every_file():
    made = wish("region and project")
    assert "europe-west12-docker.pkg.dev/acme-shop/payment-api" in made.files()["cloudbuild.yaml"]
    readme = wish("release branch").files()["docs/cicd/README.md"]
    assert readme.count("'^release/next$'") == 2


def test_a_runtime_chooses_the_images():
    made = wish("runtime")
    assert "node:22" in made.files()["Dockerfile"]
    assert made.build("cloudbuild.yaml")["test"]["name"].startswith("node:22")


def test_runtime_and_port_of_another_service_choose_its_images_alone():
    made = laid("shop", services=[{"name": "web", "runtime_version": "22", "port": 3456}])
    main, other = laid("shop").build("cloudbuild.yaml"), made.build("cloudbuild.yaml")
    assert other["web-test"]["name"].startswith("node:22")
    assert other["catalog-test"] == main["catalog-test"]
    assert made.spec.service("web").runtime.port == 3456
    assert made.spec.service("catalog") is made.draft.service("catalog")


def test_size_port_and_probe_reach_the_service():
    container = wish("port and health").document("deploy/payment-api/run/production.yaml")
    container = container["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"][0]["containerPort"] == 9000
    assert container["livenessProbe"]["httpGet"] == {"path": "/ready", "port": 9000}
    template = wish("size").document("deploy/payment-api/run/production.yaml")["spec"]["template"]
    assert template["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}
    assert template["spec"]["containerConcurrency"] == 20


def test_scaling_reaches_all_environments_or_one():
    notes = wish("scaling").document("deploy/payment-api/run/staging.yaml")["spec"]["template"]["metadata"]
    assert notes["annotations"]["autoscaling.knative.dev/minScale"] == "1"
    assert notes["annotations"]["autoscaling.knative.dev/maxScale"] == "30"
    made = wish("scaling of one environment")
    most = [
        made.document(f"deploy/payment-api/run/{name}.yaml")["spec"]["template"]["metadata"]["annotations"][
            "autoscaling.knative.dev/maxScale"
        ]
        for name in ("staging", "production")
    ]
    assert most == ["2", "10"]
    gke = laid(target="gke", environments=[{"name": "staging"}, {"name": "production", "max_instances": 40}])
    scaler = gke.document("deploy/payment-api/k8s/overlays/production/hpa.yaml")
    assert scaler["spec"]["maxReplicas"] == 40


def test_public_opens_the_service():
    document = wish("public").document("deploy/payment-api/run/production.yaml")
    assert document["metadata"]["annotations"]["run.googleapis.com/invoker-iam-disabled"] == "true"


def test_secrets_go_by_name_and_never_stay_plain():
    made = wish("secrets")
    container = made.document("deploy/payment-api/run/production.yaml")["spec"]["template"]["spec"]["containers"][0]
    key = next(each for each in container["env"] if each["name"] == "DATABASE_URL")["valueFrom"]["secretKeyRef"]
    assert key == {"name": "payment-api-database-url-production", "key": "1"}
    assert "gcloud secrets create payment-api-database-url-staging" in made.files()["docs/cicd/README.md"]
    (added,) = [each for each in made.spec.services[0].secrets if each.env == "DATABASE_URL"]
    assert by_sentence(added.origin)


def test_a_plain_variable_stays_the_value_it_is():
    container = wish("variables").document("deploy/payment-api/run/production.yaml")
    container = container["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "CURRENCY", "value": "EUR: $5 # x"} in container["env"]


def test_a_variable_with_a_value_is_not_asked_for_any_more():
    service = laid("shop").spec.services[1]
    name = service.open_variables[0].name
    made = laid("shop", services=[{"name": service.name, "env": [{"name": name, "value": "x"}]}])
    assert name not in [each.name for each in made.spec.service(service.name).open_variables]
    assert all(name not in question for question in made.spec.questions)


def test_environments_are_the_whole_way_with_production_last_and_approved():
    made = wish("environments")
    assert [(each.name, each.production, each.require_approval) for each in made.spec.environments] == [
        ("dev", False, False),
        ("staging", False, False),
        ("production", True, True),
    ]
    stages = made.document("clouddeploy.yaml", "DeliveryPipeline")["serialPipeline"]["stages"]
    assert [stage["profiles"] for stage in stages] == [["dev"], ["staging"], ["production"]]
    assert all(by_sentence(each.origin) for each in made.spec.environments)


def test_whatever_becomes_production_is_approved():
    made = laid(environments=[{"name": "dev"}, {"name": "blue", "production": True}, {"name": "production"}])
    assert made.problems == []
    assert [(each.production, each.require_approval) for each in made.spec.environments] == [
        (False, False),
        (True, True),
        (True, True),
    ]


def test_approval_and_canary_are_set_where_they_were_asked_for():
    approved = wish("approval everywhere")
    assert [each.require_approval for each in approved.spec.environments] == [True, True]
    stages = wish("canary").document("clouddeploy.yaml", "DeliveryPipeline")["serialPipeline"]["stages"]
    assert "standard" in stages[0]["strategy"]
    assert stages[1]["strategy"]["canary"]["canaryDeployment"]["percentages"] == [10, 50]
