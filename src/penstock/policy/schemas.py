"""Published JSON schemas for what is neither Cloud Build nor Cloud Deploy (schemas/README.md says where they are from)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from penstock.kit.guarded_yaml import escape
from penstock.policy.finding import Finding, here

K8S_RULE = "security.k8s.schema"
PIPELINE_RULE = "security.pipeline.schema"
_FOLDER = Path(__file__).resolve().parent / "schemas"
_KUBERNETES = "kubernetes-v1.35"
_SKAFFOLD = re.compile(r"^skaffold/v4beta([1-9]|1[0-4])$")
_MAX_FAULTS = 20
_CORE_GROUPS = frozenset(
    {"v1", "apps", "batch", "policy", "autoscaling", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io",
     "storage.k8s.io", "scheduling.k8s.io", "admissionregistration.k8s.io", "apiextensions.k8s.io"}
)  # fmt: skip


def schema_faults(kind: str, value: Any) -> Iterator[Finding]:
    """Yield faults of one parsed document of that kind; kinds without a schema have none."""
    if kind == "k8s":
        yield from _kubernetes_faults(value)
    elif kind == "cloudrun":
        yield from _head_faults(value)
        if value.get("kind") == "Service":
            yield from _faults(_validator("cloudrun-service", ""), value, K8S_RULE)
    elif kind == "kustomization":
        yield from _faults(_validator("kustomization", ""), value, K8S_RULE)
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


def _kubernetes_faults(value: dict[str, Any]) -> Iterator[Finding]:
    if value.get("kind") == "List" and isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            for fault in _kubernetes_faults(item) if isinstance(item, dict) else ():
                yield here(fault.rule, fault.detail, pointer=f"/items/{index}{fault.pointer}")
        return
    yield from _head_faults(value)
    name = f"{value.get('apiVersion')}/{value.get('kind')}"
    if name in _document(_KUBERNETES)["kinds"]:
        yield from _faults(_validator(_KUBERNETES, name), value, K8S_RULE)
        return
    group = str(value.get("apiVersion")).partition("/")[0]
    versions = [each for each in _document(_KUBERNETES)["kinds"] if each.rpartition("/")[2] == value.get("kind")]
    if versions and group in _CORE_GROUPS:
        served = ", ".join(sorted(each.rpartition("/")[0] for each in versions))
        detail = f"{name.rpartition('/')[0][:60]} does not serve {str(value.get('kind'))[:60]}; use {served}"
        yield here(K8S_RULE, detail, pointer="/apiVersion")


def _faults(validator: Any, value: Any, rule: str) -> Iterator[Finding]:
    if validator.is_valid(value):
        return
    for count, error in enumerate(validator.iter_errors(value)):
        if count == _MAX_FAULTS:
            return
        pointer = "".join(f"/{escape(str(each))}" for each in error.instance_path)
        unexpected = getattr(error.kind, "unexpected", None)
        if unexpected:
            for name in list(unexpected)[:5]:
                yield here(rule, f"{str(name)[:80]} is not a field here", pointer=f"{pointer}/{escape(str(name))}")
        else:
            yield here(rule, error.message[:300], pointer=pointer)


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
