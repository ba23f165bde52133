"""What Cloud Build and Cloud Deploy refuse although the message types allow it (INTEROP.md §4.1, §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from penstock.policy.cloud_messages import RULE
from penstock.policy.finding import Finding, here

_SUBSTITUTION = re.compile(r"^_[A-Z0-9_]+$")
_DEPLOY_NAME = re.compile(r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
_RUNTIMES = ("gke", "anthosCluster", "run", "multiTarget", "customTarget")


def build_faults(build: dict[str, Any]) -> Iterator[Finding]:
    """Yield faults of a build whose keys are in camelCase."""
    steps = build.get("steps")
    if not isinstance(steps, list) or not steps:
        yield here(RULE, "steps is missing or empty", pointer="/steps")
        steps = []
    for index, step in enumerate(steps):
        if isinstance(step, dict):
            yield from _step_faults(step, f"/steps/{index}")
    substitutions = build.get("substitutions")
    if isinstance(substitutions, dict):
        yield from _substitution_faults(substitutions)


def _step_faults(step: dict[str, Any], pointer: str) -> Iterator[Finding]:
    if not step.get("name"):
        yield here(RULE, "a step without name (the image it runs in)", pointer=pointer)
    if step.get("script") and (step.get("args") or step.get("entrypoint")):
        yield here(RULE, "script excludes args and entrypoint", pointer=f"{pointer}/script")
    env = step.get("env")
    for index, each in enumerate(env if isinstance(env, list) else []):
        if isinstance(each, str) and "=" not in each:
            yield here(RULE, "an env entry without =", pointer=f"{pointer}/env/{index}")


def _substitution_faults(substitutions: dict[str, Any]) -> Iterator[Finding]:
    for key in substitutions:
        if not _SUBSTITUTION.match(key):
            detail = f"{key[:80]}: a substitution begins with _ and holds only A-Z, 0-9 and _"
            yield here(RULE, detail, pointer=f"/substitutions/{key}")


def deploy_faults(document: dict[str, Any]) -> Iterator[Finding]:
    """Yield faults of one Cloud Deploy document."""
    name = (document.get("metadata") or {}).get("name") if isinstance(document.get("metadata"), dict) else None
    kind = document.get("kind")
    if isinstance(name, str) and kind != "Automation" and not _DEPLOY_NAME.match(name):
        yield here(RULE, "a name is 1 to 63 of a-z, 0-9 and -, and begins with a letter", pointer="/metadata/name")
    if kind == "Target" and not any(document.get(each) for each in _RUNTIMES):
        yield here(RULE, f"a Target needs one of {', '.join(_RUNTIMES)}", pointer="")
    if kind == "DeliveryPipeline":
        pipeline = document.get("serialPipeline")
        stages = pipeline.get("stages") if isinstance(pipeline, dict) else None
        if not isinstance(stages, list) or not stages:
            yield here(RULE, "serialPipeline.stages is missing or empty", pointer="/serialPipeline")
        for index, stage in enumerate(stages if isinstance(stages, list) else []):
            if isinstance(stage, dict) and not stage.get("targetId"):
                yield here(RULE, "a stage without targetId", pointer=f"/serialPipeline/stages/{index}")
