"""What the Cloud Run skill writes: own identity, closed by default, nothing that Cloud Run refuses."""

from __future__ import annotations

from deployed_files import ORIGIN, artifacts, one, pipeline, service

from penstock.domain.spec import EnvValue


def test_a_cloud_run_service_has_its_own_identity_secrets_and_size():
    found = artifacts(pipeline("cloud-run"))
    staging, production = (one(found, f"deploy/pay-web/run/{name}.yaml") for name in ("staging", "production"))
    assert staging["metadata"]["name"] == "pay-web-staging"
    assert staging["metadata"]["labels"]["managed-by"] == "penstock"
    assert staging["metadata"]["annotations"] == {
        "run.googleapis.com/ingress": "all",
        "run.googleapis.com/binary-authorization": "default",
    }
    pod = staging["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "pay-web-staging@acme-prod.iam.gserviceaccount.com"
    assert pod["containers"][0]["image"] == "europe-west1-docker.pkg.dev/acme-prod/images/pay-web"
    secret = next(each for each in pod["containers"][0]["env"] if each["name"] == "DATABASE_URL")
    assert secret["valueFrom"]["secretKeyRef"] == {"name": "pay-db-staging", "key": "3"}
    assert "NPM_TOKEN" not in found["deploy/pay-web/run/staging.yaml"].text
    scale = [each["spec"]["template"]["metadata"]["annotations"] for each in (staging, production)]
    assert [each["autoscaling.knative.dev/minScale"] for each in scale] == ["0", "3"]
    assert [each["autoscaling.knative.dev/maxScale"] for each in scale] == ["10", "20"]


def test_only_a_service_asked_for_as_public_is_open_to_everybody():
    opened = "run.googleapis.com/invoker-iam-disabled"
    closed, public = artifacts(pipeline("cloud-run")), artifacts(pipeline("cloud-run", service(public=True)))
    path = "deploy/pay-web/run/production.yaml"
    assert opened not in one(closed, path)["metadata"]["annotations"]
    assert one(public, path)["metadata"]["annotations"][opened] == "true"
    assert "print-identity-token" in closed["deploy/pay-web/skaffold.yaml"].text
    assert "print-identity-token" not in public["deploy/pay-web/skaffold.yaml"].text


def test_what_cloud_run_refuses_is_not_written():
    reserved = (EnvValue(name="PORT", value="1", origin=ORIGIN), EnvValue(name="K_SERVICE", value="x", origin=ORIGIN))
    small = service(cpu="250m", health_path=None).model_copy(update={"env": reserved})
    pod = one(artifacts(pipeline("cloud-run", small)), "deploy/pay-web/run/staging.yaml")["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"][0]["env"]] == ["DATABASE_URL"]
    assert pod["containerConcurrency"] == 1
    assert pod["containers"][0]["startupProbe"]["tcpSocket"] == {"port": 3000}
    assert "livenessProbe" not in pod["containers"][0]


def test_workers_and_jobs_have_no_port_on_cloud_run():
    found = artifacts(pipeline("cloud-run", service("worker"), service("job")))
    pool, job = (one(found, f"deploy/pay-{kind}/run/production.yaml") for kind in ("worker", "job"))
    assert pool["kind"] == "WorkerPool"
    assert pool["metadata"]["annotations"]["run.googleapis.com/manualInstanceCount"] == "3"
    assert job["kind"] == "Job"
    for pod in (pool["spec"]["template"]["spec"], job["spec"]["template"]["spec"]["template"]["spec"]):
        assert set(pod["containers"][0]) == {"image", "env", "resources"}
