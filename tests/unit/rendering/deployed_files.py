"""Specs of services to deploy, and the files the deploy skills write for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from penstock.domain.artifacts import Artifact
from penstock.domain.facts import RepositoryFacts
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
from penstock.policy.kinds import document_kind
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


def workload(found: dict[str, Artifact], kind: str) -> Any:
    if kind == "job":
        cron = one(found, "deploy/pay-job/k8s/base/cronjob.yaml")
        return cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return one(found, f"deploy/pay-{kind}/k8s/base/deployment.yaml")["spec"]["template"]["spec"]
