"""What the deploy skills write: valid for Cloud Run, Kubernetes, kustomize and skaffold, hardened, never injected."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.domain.artifacts import Artifact
from penstock.domain.facts import RepositoryFacts
from penstock.domain.policy import FileToJudge, JudgeContext, Profile
from penstock.domain.skills import Skill
from penstock.domain.spec import (
    BuildSettings,
    CloudProject,
    Environment,
    EnvValue,
    ImageSpec,
    Origin,
    PipelineSpec,
    RuntimeSpec,
    SecretRef,
    ServiceSpec,
    Step,
)
from penstock.policy.gate import Gate
from penstock.policy.kinds import document_kind
from penstock.policy.regorus import RegorusEngine
from penstock.policy.schemas import schema_faults
from penstock.rendering import render
from penstock.skills.loading import load_folder

LIBRARY = Path(str(files("penstock") / "library"))
ORIGIN = Origin(kind="fact", ref="package.json:3")
KINDS = ("web", "static-site", "worker", "job")
SKILL = {"cloud-run": "cloud-run-deploy", "gke": "gke-deploy"}
HOSTILE = (
    'x: "y"\n- z',
    "{{ 7*7 }}",
    "$(touch owned)",
    "${PORT}",
    "`id`",
    "yes",
    "0x1F",
    "12e3",
    " # no comment",
    "---\nkind: Secret",
    "\u202eevil",
    "a'b",
    "%YAML 1.1",
)


def service(kind: str = "web", **runtime: Any) -> ServiceSpec:
    name = f"pay-{kind}"
    return ServiceSpec(
        name=name,
        kind=kind,  # type: ignore[arg-type]  # one of KINDS
        language="javascript",
        image=ImageSpec(name=name, method="dockerfile", dockerfile="Dockerfile", origin=ORIGIN),
        runtime=RuntimeSpec(**{"port": 3000, "health_path": "/healthz", "origin": ORIGIN, **runtime}),
        secrets=(
            SecretRef(env="DATABASE_URL", secret="pay-db", version="3", origin=ORIGIN),
            SecretRef(env="NPM_TOKEN", secret="npm", at="build", origin=ORIGIN),
        ),
        env=(EnvValue(name="GREETING", value="hello", origin=ORIGIN),),
        origin=ORIGIN,
    )


def environment(name: str, **more: Any) -> Environment:
    return Environment(name=name, verify=True, origin=ORIGIN, **more)


def pipeline(target: str, *services: ServiceSpec, **more: Any) -> PipelineSpec:
    return PipelineSpec(
        **{
            "name": "pay",
            "target": target,
            "cloud": CloudProject(project="acme-prod", region="europe-west1", repository="images", origin=ORIGIN),
            "build": BuildSettings(service_account="pay-build@acme-prod.iam.gserviceaccount.com", origin=ORIGIN),
            "services": services or (service(),),
            "steps": (
                Step(id="t", title="t", kind="test", lanes=("check",), image="node:22", script="npm t", origin=ORIGIN),
            ),
            "environments": (
                environment("staging"),
                environment("production", production=True, min_instances=3, max_instances=20),
            ),
            "skills": ("gcp-foundation@1.0.0",),
            **more,
        }
    )


def skills(target: str) -> list[Skill]:
    """Return the deploy skill, and of the foundation nothing but its images."""
    foundation = load_folder(LIBRARY / "skills" / "gcp-foundation")
    return [
        replace(foundation, data={"images": foundation.data["images"]}),
        load_folder(LIBRARY / "skills" / SKILL[target]),
    ]


def artifacts(spec: PipelineSpec) -> dict[str, Artifact]:
    facts = RepositoryFacts(name="pay", deployable=True, primary=None)
    return {each.path: each for each in render(spec, skills(spec.target), facts=facts)}


def documents(found: dict[str, Artifact]) -> Iterator[tuple[str, Any]]:
    for path, artifact in found.items():
        if path.endswith(".yaml"):
            yield from ((path, each) for each in yaml.safe_load_all(artifact.text))


def one(found: dict[str, Artifact], path: str, kind: str | None = None) -> Any:
    return next(each for each in yaml.safe_load_all(found[path].text) if kind is None or each["kind"] == kind)


def faults(found: dict[str, Artifact]) -> list[str]:
    return [
        f"{path}: {fault.pointer} {fault.detail}"
        for path, document in documents(found)
        for fault in schema_faults(document_kind(document), document)
    ]


@cache
def engine() -> RegorusEngine:
    return RegorusEngine(LIBRARY / "policies")


@pytest.mark.parametrize("target", SKILL)
@pytest.mark.parametrize("health", ["/healthz", None])
def test_every_file_is_valid_by_its_published_schema(target: str, health: str | None):
    found = artifacts(pipeline(target, *(service(kind, health_path=health, public=True) for kind in KINDS)))
    kinds = {document["kind"] for _, document in documents(found)}
    assert faults(found) == []
    expected = {
        "cloud-run": {"Config", "Service", "WorkerPool", "Job"},
        "gke": {
            "Config", "Kustomization", "Namespace", "ServiceAccount", "Deployment", "Service", "NetworkPolicy",
            "CronJob", "PodDisruptionBudget", "HorizontalPodAutoscaler", "SecretProviderClass", "SecretSync",
        },
    }  # fmt: skip
    assert kinds == expected[target]


@pytest.mark.parametrize("target", SKILL)
def test_the_gate_lets_the_files_through_without_a_word(target: str):
    found = artifacts(pipeline(target, *map(service, KINDS)))
    judged = Gate(engine(), fingerprint_key=b"k" * 32, timeout_s=30).judge(
        [FileToJudge(path, each.content, "generated") for path, each in found.items()], JudgeContext(Profile.STANDARD)
    )
    decision = asyncio.run(judged)
    assert [f"{each.file}:{each.line} {each.message}" for each in (*decision.violations, *decision.warnings)] == []
    assert decision.skipped == ()


@pytest.mark.parametrize("target", SKILL)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_stay_values(target: str, value: str):
    hostile = service().model_copy(update={"env": (EnvValue(name="GREETING", value=value, origin=ORIGIN),)})
    calm, found = artifacts(pipeline(target)), artifacts(pipeline(target, hostile))
    assert faults(found) == []
    path = "deploy/pay-web/run/staging.yaml" if target == "cloud-run" else "deploy/pay-web/k8s/base/deployment.yaml"
    container = one(found, path)["spec"]["template"]["spec"]["containers"][0]
    shown = {each["name"]: each["value"] for each in container["env"] if "value" in each}["GREETING"]
    expected = value.replace("\u202e", "")
    assert shown == (expected.replace("$(", "$$(") if target == "gke" else expected)
    assert [path for path, _ in documents(found)] == [path for path, _ in documents(calm)]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_writable_path_is_a_mount_path_and_nothing_else(path: str):
    found = artifacts(pipeline("gke", service(writable_paths=("/var/cache", path))))
    assert faults(found) == []
    pod = one(found, "deploy/pay-web/k8s/base/deployment.yaml")["spec"]["template"]["spec"]
    assert [each["mountPath"] for each in pod["containers"][0]["volumeMounts"]] == [
        "/var/cache",
        path.replace("\u202e", ""),
    ]
    assert [each["name"] for each in pod["volumes"]] == ["writable-1", "writable-2"]


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


def workload(found: dict[str, Artifact], kind: str) -> Any:
    if kind == "job":
        cron = one(found, "deploy/pay-job/k8s/base/cronjob.yaml")
        return cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return one(found, f"deploy/pay-{kind}/k8s/base/deployment.yaml")["spec"]["template"]["spec"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pod_meets_the_restricted_standard(kind: str):
    found = artifacts(pipeline("gke", service(kind)))
    pod = workload(found, kind)
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == f"pay-{kind}"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10_000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    container = pod["containers"][0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} == set(container["resources"]["requests"]) == set(container["resources"]["limits"])
    probed = {"startupProbe", "readinessProbe", "livenessProbe"} & set(container)
    assert len(probed) == (3 if kind in {"web", "static-site"} else 0)
    assert ("ports" in container) == bool(probed)
    assert (f"deploy/pay-{kind}/k8s/base/service.yaml" in found) == bool(probed)
    name = one(found, f"deploy/pay-{kind}/k8s/overlays/staging/namespace.yaml")
    assert name["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("cpu", "limit"), [("250m", "1"), ("0.5", "1"), ("1", "1"), ("1500m", "1500m"), ("1.5", "1.5"), ("4", "4")]
)
def test_a_cpu_limit_is_never_below_its_request(cpu: str, limit: str):
    resources = workload(artifacts(pipeline("gke", service(cpu=cpu))), "web")["containers"][0]["resources"]
    assert (resources["requests"]["cpu"], resources["limits"]["cpu"]) == (cpu, limit)


def test_at_least_two_instances_answer_in_every_environment():
    fixed = service(min_instances=1, max_instances=2)
    found = artifacts(pipeline("gke", fixed))
    staging = one(found, "deploy/pay-web/k8s/overlays/staging/kustomization.yaml")
    assert staging["replicas"] == [{"name": "pay-web", "count": 2}]
    assert "hpa.yaml" not in staging["resources"]
    assert "deploy/pay-web/k8s/overlays/staging/hpa.yaml" not in found
    scaled = one(found, "deploy/pay-web/k8s/overlays/production/hpa.yaml")["spec"]
    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (3, 20)
    assert "replicas" not in one(found, "deploy/pay-web/k8s/overlays/production/kustomization.yaml")
    assert "replicas" not in one(found, "deploy/pay-web/k8s/base/deployment.yaml")["spec"]


def test_each_environment_is_its_own_namespace_identity_and_secret():
    found = artifacts(pipeline("gke"))
    folder = "deploy/pay-web/k8s/overlays/production"
    account = one(found, f"{folder}/serviceaccount.yaml")
    assert account["metadata"]["namespace"] == "pay-web-production"
    assert account["metadata"]["annotations"] == {
        "iam.gke.io/gcp-service-account": "pay-web-production@acme-prod.iam.gserviceaccount.com"
    }
    provider, synced = yaml.safe_load_all(found[f"{folder}/secrets.yaml"].text)
    named = yaml.safe_load(provider["spec"]["parameters"]["secrets"])
    assert named == [{"resourceName": "projects/acme-prod/secrets/pay-db-production/versions/3", "path": "value"}]
    read = next(each for each in workload(found, "web")["containers"][0]["env"] if each["name"] == "DATABASE_URL")
    assert read["valueFrom"]["secretKeyRef"] == {"name": synced["metadata"]["name"], "key": "value"}
    assert synced["metadata"]["name"].endswith("-v3")
    assert synced["spec"]["secretProviderClassName"] == provider["metadata"]["name"]
    assert "NPM_TOKEN" not in "".join(each.text for each in found.values())


def policy_ports(document: Any, direction: str) -> set[int]:
    return {port["port"] for rule in document["spec"].get(direction, ()) for port in rule["ports"]}


def test_the_network_is_closed_but_for_what_the_service_needs():
    found = artifacts(pipeline("gke", service(), service("worker")))
    denied, web = yaml.safe_load_all(found["deploy/pay-web/k8s/base/networkpolicy.yaml"].text)
    assert denied["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policy_ports(web, "ingress") == {3000}
    assert policy_ports(web, "egress") == {53, 80, 988, 443, 5432, 3306}
    _, worker = yaml.safe_load_all(found["deploy/pay-worker/k8s/base/networkpolicy.yaml"].text)
    assert "ingress" not in worker["spec"]
    near = one(found, "deploy/pay-worker/k8s/overlays/staging/neighbours.yaml")["spec"]
    assert near["policyTypes"] == ["Egress"]
    peers = [peer["namespaceSelector"]["matchLabels"] for rule in near["egress"] for peer in rule["to"]]
    assert peers == [{"kubernetes.io/metadata.name": "pay-web-staging"}]


def test_a_service_without_backends_reaches_names_and_https_only():
    alone = service().model_copy(update={"secrets": ()})
    _, policy = yaml.safe_load_all(artifacts(pipeline("gke", alone))["deploy/pay-web/k8s/base/networkpolicy.yaml"].text)
    assert policy_ports(policy, "egress") == {53, 80, 988, 443}


@pytest.mark.parametrize("target", SKILL)
@pytest.mark.parametrize("kind", KINDS)
def test_every_rollout_is_verified_by_a_script_that_bash_reads(target: str, kind: str):
    found = artifacts(pipeline(target, service(kind)))
    profiles = one(found, f"deploy/pay-{kind}/skaffold.yaml")["profiles"]
    assert [each["name"] for each in profiles] == ["staging", "production"]
    for profile in profiles:
        (test,) = profile["verify"]
        script = test["container"]["args"][-1]
        assert "set -euo pipefail" in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("target", SKILL)
@pytest.mark.parametrize("health", ["/healthz", "/health", None])
def test_the_verifying_script_passes_on_answers_and_fails_on_failures(target: str, health: str | None, tmp_path: Path):
    found = artifacts(pipeline(target, service(health_path=health)))
    script = one(found, "deploy/pay-web/skaffold.yaml")["profiles"][0]["verify"][0]["container"]["args"][-1]
    kept_by_google = target == "cloud-run" and health == "/healthz"
    loose = health is None or kept_by_google
    refused = target == "gke" and health is None
    answers = {"200": True, "302": True, "404": loose, "403": refused, "500": False, "503": False, "000": False}
    for status, passes in answers.items():
        for name, body in {"curl": f"echo {status}", "sleep": ":", "gcloud": "echo token", "kubectl": ":"}.items():
            stub = tmp_path / name
            stub.write_text(f"#!/bin/sh\n{body}\n")
            stub.chmod(0o755)
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CLOUD_RUN_SERVICE_URLS": "https://a.run.app,https://b.run.app"}
        done = subprocess.run(["bash", "-c", script], env=env, check=False, capture_output=True, text=True)
        assert (done.returncode == 0) == passes, f"{status}: {shlex.quote(done.stdout + done.stderr)}"


def test_an_environment_that_is_not_verified_has_no_script():
    found = artifacts(pipeline("gke", environments=(Environment(name="dev", origin=ORIGIN),)))
    assert "verify" not in one(found, "deploy/pay-web/skaffold.yaml")["profiles"][0]


@pytest.mark.parametrize("target", SKILL)
def test_every_line_can_say_why_it_is_there(target: str):
    found = artifacts(pipeline(target, *map(service, KINDS)))
    for path, artifact in found.items():
        if path.endswith(".yaml"):
            lines = artifact.text.split("\n")
            assert all(f"{SKILL[target]}@" in each.template for each in artifact.lines), path
            assert len(artifact.lines) == len(lines) - 1
    secrets = [
        line for each in found.values() for line in each.lines if line.origin and "variables.j2" in line.template
    ]
    assert secrets


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl builds the overlays as Cloud Deploy does")
@pytest.mark.parametrize("kinds", [("web",), KINDS])
def test_kustomize_builds_every_overlay(kinds: tuple[str, ...], tmp_path: Path):
    for path, artifact in artifacts(pipeline("gke", *map(service, kinds))).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(artifact.content)
    overlays = sorted(tmp_path.glob("deploy/*/k8s/overlays/*"))
    assert len(overlays) == 2 * len(kinds)
    for overlay in overlays:
        built = subprocess.run(["kubectl", "kustomize", overlay], check=True, capture_output=True, text=True)
        resources = list(yaml.safe_load_all(built.stdout))
        space = next(each for each in resources if each["kind"] == "Namespace")["metadata"]["name"]
        others = {each["metadata"]["namespace"] for each in resources if each["kind"] != "Namespace"}
        assert others == {space}
        for each in resources:
            assert list(schema_faults("k8s", each)) == []


def test_two_variables_for_one_backend_open_its_port_once():
    both = (EnvValue(name="POSTGRES_HOST", value="10.0.0.3", origin=ORIGIN),)
    found = artifacts(pipeline("gke", service().model_copy(update={"env": both})))
    _, policy = yaml.safe_load_all(found["deploy/pay-web/k8s/base/networkpolicy.yaml"].text)
    ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"] if port["port"] > 1024]
    assert ports == [5432, 3306]
