"""Kubernetes, Cloud Run, kustomize, skaffold and workflow files against their published schemas."""

from __future__ import annotations

import pytest
from gate_stand_ins import found, judged
from secret_material import PLAIN

from penstock.domain.policy import FileToJudge, Profile
from penstock.policy.reading import read

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: a
spec:
  selector:
    matchLabels: {app: a}
  template:
    metadata:
      labels: {app: a}
    spec:
      containers:
      - name: a
        image: a
        ports:
        - containerPort: 80
"""


def faults(text: str, path: str = "k8s/a.yaml", **more: str) -> list[tuple[str, int, str]]:
    decision = judged({path: text, **more}, profile=Profile.ADVISORY)
    rules = ("security.k8s.schema", "security.pipeline.schema")
    return [(each.file, each.line, each.message.partition(": ")[2]) for rule in rules for each in found(decision, rule)]


def test_a_manifest_that_fits_is_accepted() -> None:
    assert faults(DEPLOYMENT) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (DEPLOYMENT.replace("containerPort: 80", "containerPort: http"), 16, "integer"),
        (DEPLOYMENT.replace("    matchLabels:", "    matchLabelz:"), 7, "matchLabelz is not a field here"),
        (DEPLOYMENT.replace("image: a", "imagee: a"), 14, "imagee is not a field here"),
        (DEPLOYMENT.replace("  selector:\n    matchLabels: {app: a}\n", ""), 5, "selector"),
        (DEPLOYMENT.replace("  name: a\nspec:", "  labels: {a: b}\nspec:"), 3, "metadata.name is missing"),
        (DEPLOYMENT.replace("kind: Deployment", "kind: Deploymnet"), 2, "apps/v1 has no kind Deploymnet"),
    ],
)
def test_what_does_not_fit_is_told_where_it_stands(text: str, line: int, words: str) -> None:
    told = faults(text)
    assert any(at == line and words in message for _, at, message in told), told


def test_a_fault_never_repeats_the_value() -> None:
    told = faults(DEPLOYMENT.replace("containerPort: 80", f"containerPort: {PLAIN}"))
    assert told
    assert PLAIN not in str(told)


def test_the_items_of_a_list_are_checked_one_by_one() -> None:
    items = "".join(f"- {'  '.join(DEPLOYMENT.splitlines(keepends=True))}" for _ in range(2))
    text = "apiVersion: v1\nkind: List\nitems:\n" + items.replace("image: a", "imagee: a", 1)
    assert [message for _, _, message in faults(text)] == ["imagee is not a field here"]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: example.com/v1\nkind: Anything\nspec: {a: b}\n",
        "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes: [{role: worker}]\n",
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n",
    ],
)
def test_kinds_of_others_are_left_alone(text: str) -> None:
    assert faults(text) == []


def test_an_api_version_that_is_gone_is_a_hint_of_its_own() -> None:
    text = DEPLOYMENT.replace("apps/v1", "extensions/v1beta1")
    [reading] = read([FileToJudge("k8s/a.yaml", text.encode())])
    [fact] = [each for part in reading.parts for each in part.findings]
    assert (fact.rule, fact.line) == ("security.k8s.schema_version", 1)
    assert "use apps/v1" in fact.detail


PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 3}\n"
DELETION = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n$patch: delete\n"
KUSTOMIZATION = "resources: [../base]\npatches:\n- path: replicas.yaml\n"


def test_a_patch_need_not_be_whole_where_a_kustomization_uses_it() -> None:
    named = {"k8s/prod/kustomization.yaml": KUSTOMIZATION}
    assert faults(PATCH, "k8s/prod/replicas.yaml", **named) == []
    assert faults(DELETION, "k8s/prod/replicas.yaml", **named) == []
    assert faults(PATCH, "k8s/prod/other.yaml", **named) != []


def test_a_patch_must_still_fit() -> None:
    text = PATCH.replace("replicas: 3", "replicaz: 3")
    told = faults(text, "k8s/prod/replicas.yaml", **{"k8s/prod/kustomization.yaml": KUSTOMIZATION})
    assert [message for _, _, message in told] == ["replicaz is not a field here"]


def test_a_selector_may_come_from_the_labels_of_a_kustomization() -> None:
    text = DEPLOYMENT.replace("  selector:\n    matchLabels: {app: a}\n", "")
    base = {"base/kustomization.yaml": "resources: [a.yaml]\n"}
    labelled = {"prod/kustomization.yaml": "resources: [../base]\ncommonLabels: {app: a}\n"}
    assert faults(text, "base/a.yaml", **base) != []
    assert faults(text, "base/a.yaml", **base, **labelled) == []


def test_a_value_that_is_filled_in_later_is_not_judged_by_its_type() -> None:
    assert faults(DEPLOYMENT.replace("containerPort: 80", "containerPort: ${PORT:-80}")) == []
    assert faults(DEPLOYMENT.replace("containerPort: 80", "containerPort: PORT")) != []


def test_a_kustomization_may_have_empty_fields_but_no_unknown_ones() -> None:
    assert faults("resources: [a.yaml]\ncomponents:\n", "k8s/kustomization.yaml") == []
    assert faults("resources: [a.yaml]\nresourcez: [b.yaml]\nbases: [b]\n", "k8s/kustomization.yaml") != []


def test_skaffold_and_workflows_are_held_against_their_schemas() -> None:
    skaffold = "apiVersion: skaffold/v4beta11\nkind: Config\nmanifests: {rawYaml: [a.yaml]}\n"
    assert faults(skaffold, "skaffold.yaml") == []
    assert faults(skaffold + "deployy: {}\n", "skaffold.yaml") != []
    workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n"
    assert faults(workflow, ".github/workflows/a.yml") == []
    assert faults(workflow.replace("runs-on", "runs_on"), ".github/workflows/a.yml") != []


def test_a_cloud_run_service_is_held_against_its_schema() -> None:
    text = (
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - image: a\n        ports: [{containerPort: 8080}]\n"
    )
    assert faults(text, "deploy/service.yaml") == []
    assert [line for _, line, _ in faults(text.replace("ports:", "portz:"), "deploy/service.yaml")] == [9]
