"""What the GKE skill writes: hardened pods, a closed network, overlays that kustomize builds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployed_files import HOSTILE, KINDS, ORIGIN, artifacts, faults, one, pipeline, service, workload

from penstock.domain.spec import EnvValue
from penstock.policy.schemas import schema_faults


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


def test_two_variables_for_one_backend_open_its_port_once():
    both = (EnvValue(name="POSTGRES_HOST", value="10.0.0.3", origin=ORIGIN),)
    found = artifacts(pipeline("gke", service().model_copy(update={"env": both})))
    _, policy = yaml.safe_load_all(found["deploy/pay-web/k8s/base/networkpolicy.yaml"].text)
    ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"] if port["port"] > 1024]
    assert ports == [5432, 3306]


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
