"""What both deploy skills hold to: valid by schema, calm at the gate, never injected, verified, explained."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest
from deployed_files import HOSTILE, KINDS, LIBRARY, ORIGIN, SKILL, artifacts, documents, faults, one, pipeline, service

from penstock.domain.policy import FileToJudge, JudgeContext, Profile
from penstock.domain.spec import Environment, EnvValue
from penstock.policy.gate import Gate
from penstock.policy.regorus import RegorusEngine


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
