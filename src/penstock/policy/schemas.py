"""Published JSON schemas for what is neither Cloud Build nor Cloud Deploy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from penstock.kit.guarded_yaml import escape
from penstock.policy.finding import Finding, here

K8S_RULE = "security.k8s.schema"
VERSION_RULE = "security.k8s.schema_version"
"""An API version that no supported cluster serves: a warning of its own, where the catalogue has it."""
PIPELINE_RULE = "security.pipeline.schema"
_FOLDER = Path(__file__).resolve().parent / "schemas"
_KUBERNETES = "kubernetes-v1.35"
_SKAFFOLD = re.compile(r"^skaffold/v4beta([1-9]|1[0-4])$")
_MAX_FAULTS = 20
_TEMPLATED = re.compile(r"\$\{|\$\(|\{\{|^\$[A-Z_]+$")
"""A value that is filled in later cannot be judged by its type now."""
_OWN_HEADS = frozenset({"Config", "List", "Binding", "Status"})
"""Kinds that files may hold without a name."""
_WHOLE_GROUPS = {
    "v1": frozenset(
        {"Binding", "ComponentStatus", "Config", "ConfigMap", "Endpoints", "Event", "LimitRange", "List", "Namespace",
         "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate", "Policy", "ReplicationController",
         "ResourceQuota", "Secret", "Service", "ServiceAccount", "Status"}
    ),
    "apps/v1": frozenset({"ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}),
    "batch/v1": frozenset({"CronJob", "Job"}),
}  # fmt: skip
"""API versions whose kinds are known to the last one, so that a misspelled kind is told."""
_CORE_GROUPS = frozenset(
    {"v1", "apps", "batch", "policy", "autoscaling", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io",
     "storage.k8s.io", "scheduling.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io"}
)  # fmt: skip


def schema_faults(kind: str, value: Any, *, partial: bool = False, gets_selector: bool = False) -> Iterator[Finding]:
    """Yield faults of one parsed document of that kind; kinds without a schema have none.

    ``partial``: a patch, which need not be whole. ``gets_selector``: kustomize adds it.
    """
    if kind == "k8s":
        for fault in _kubernetes_faults(value, partial=partial):
            if not (gets_selector and fault.detail.startswith('"selector" is a required')):
                yield fault
    elif kind == "cloudrun":
        yield from _head_faults(value)
        if value.get("kind") == "Service":
            yield from _faults(_validator("cloudrun-service", ""), value, K8S_RULE)
    elif kind == "kustomization":
        set_fields = {key: each for key, each in value.items() if each is not None}
        yield from _faults(_validator("kustomization", ""), set_fields, K8S_RULE)
    elif kind == "skaffold" and _SKAFFOLD.match(str(value.get("apiVersion"))):
        newest = {**value, "apiVersion": "skaffold/v4beta14"}
        yield from _faults(_validator("skaffold", ""), newest, PIPELINE_RULE)
    elif kind == "github-workflow":
        yield from _faults(_validator("github-workflow", ""), value, PIPELINE_RULE)


def _head_faults(value: dict[str, Any]) -> Iterator[Finding]:
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str):
            yield here(K8S_RULE, f"{key} is missing", pointer="")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        yield here(K8S_RULE, "metadata.name is missing", pointer="/metadata")


def _kubernetes_faults(value: dict[str, Any], *, partial: bool) -> Iterator[Finding]:
    if value.get("kind") == "List" and isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            for fault in _kubernetes_faults(item, partial=partial) if isinstance(item, dict) else ():
                yield here(fault.rule, fault.detail, pointer=f"/items/{index}{fault.pointer}")
        return
    if isinstance(
        value.get("sops"), dict
    ):  # encrypted in place: the key goes, and with it ENC[...], before it is applied
        value = {key: each for key, each in value.items() if key != "sops"}
    version, kind = str(value.get("apiVersion")), str(value.get("kind"))
    group = version.partition("/")[0]
    if f"{version}/{kind}" in _document(_KUBERNETES)["kinds"]:
        yield from _head_faults(value)
        yield from _faults(_validator(_KUBERNETES, f"{version}/{kind}"), value, K8S_RULE, partial=partial)
    elif group in _CORE_GROUPS and not partial:
        yield from _version_faults(version, kind)
        if kind not in _OWN_HEADS:
            yield from _head_faults(value)
    elif "apiVersion" not in value:
        yield from _head_faults(value)


def _version_faults(version: str, kind: str) -> Iterator[Finding]:
    """Yield faults of a kind that its API version does not serve, or that no version has."""
    versions = [each for each in _document(_KUBERNETES)["kinds"] if each.rpartition("/")[2] == kind]
    if versions:
        served = ", ".join(sorted(each.rpartition("/")[0] for each in versions))
        yield here(VERSION_RULE, f"{version[:60]} does not serve {kind[:60]}; use {served}", pointer="/apiVersion")
    elif version in _WHOLE_GROUPS and kind not in _WHOLE_GROUPS[version]:
        yield here(K8S_RULE, f"{version} has no kind {kind[:60]}", pointer="/kind")


def _faults(validator: Any, value: Any, rule: str, *, partial: bool = False) -> Iterator[Finding]:
    if validator.is_valid(value):
        return
    shown = 0
    for error in validator.iter_errors(value):
        pointer = "".join(f"/{escape(str(each))}" for each in error.instance_path)
        unexpected = [str(each) for each in getattr(error.kind, "unexpected", None) or ()]
        if error.kind.name == "type" and _TEMPLATED.search(str(_at(value, error.instance_path))):
            continue
        if partial and (error.kind.name == "required" or (unexpected and all(map(_directive, unexpected)))):
            continue
        if shown == _MAX_FAULTS:
            return
        shown += 1
        if unexpected:
            for name in [each for each in unexpected if not (partial and _directive(each))][:5]:
                yield here(rule, f"{name[:80]} is not a field here", pointer=f"{pointer}/{escape(name)}")
        else:
            yield here(rule, error.message[:300], pointer=pointer)


def _at(value: Any, path: Sequence[Any]) -> Any:
    for step in path:
        value = value[step]
    return value


def _directive(name: str) -> bool:
    """Say whether a field tells kustomize how to merge: $patch, $retainKeys, $setElementOrder/..."""
    return name.startswith("$")


@cache
def _document(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return loaded


@cache
def _validator(name: str, kind: str) -> Any:
    """Return a compiled validator whose messages never repeat a value."""
    import jsonschema_rs

    document = _document(name)
    if not kind:
        return jsonschema_rs.validator_for(document, mask="the value")
    schema = {**document["kinds"][kind], "$defs": document["$defs"]}
    return jsonschema_rs.Draft202012Validator(schema, mask="the value")


def warm() -> None:
    """Compile what every pipeline needs, so that the first request does not pay."""
    for kind in ("apps/v1/Deployment", "v1/Service", "v1/ServiceAccount", "v1/Namespace"):
        _validator(_KUBERNETES, kind)
    for name in ("skaffold", "kustomization", "cloudrun-service"):
        _validator(name, "")
