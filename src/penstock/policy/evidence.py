"""What a decision shows for each SOC 2 criterion: evidence, not a claim (POLICY.md §2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from penstock.domain.policy import Violation

CRITERIA = ("CC6.1", "CC6.3", "CC6.6", "CC6.7", "CC6.8", "CC7.1", "CC7.2", "CC8.1")


_LOOKS_AT = (
    ("security.pipeline.", {"cloudbuild"}),
    ("security.scans.", {"cloudbuild"}),
    ("security.docker.", {"dockerfile"}),
    ("security.k8s.", {"k8s", "cloudrun", "kustomization"}),
    ("security.gha.", {"github-workflow"}),
    ("compliance.approval.", {"clouddeploy", "cloudbuild", "github-workflow"}),
    ("compliance.audit.", {"cloudbuild", "clouddeploy"}),
    ("integrity.port.", {"k8s", "dockerfile"}),
    ("integrity.service.", {"k8s"}),
    ("integrity.image.", {"k8s", "cloudbuild", "cloudrun"}),
)
"""Which kinds a package's rules look at, where the catalogue's own ``applies_to`` does not say it."""


def applicable(catalogue: Mapping[str, Mapping[str, Any]], kinds: set[str]) -> set[str]:
    """Return the ids of the rules that had something to look at."""
    return {rule for rule, about in catalogue.items() if (wanted := _wanted(rule, about)) is None or wanted & kinds}


def _wanted(rule: str, about: Mapping[str, Any]) -> set[str] | None:
    told = about.get("applies_to")
    if isinstance(told, list) and told:
        return None if "*" in told or "any" in told else set(told)
    return next((kinds for start, kinds in _LOOKS_AT if rule.startswith(start)), None)


def evidence(
    catalogue: Mapping[str, Mapping[str, Any]],
    kinds: set[str],
    *,
    violations: Iterable[Violation],
    warnings: Iterable[Violation] = (),
    waived: Iterable[Violation] = (),
) -> dict[str, dict[str, object]]:
    """Return ``SOC2:CCx.y`` -> status and the rules behind it, for files of those kinds.

    A criterion without an applicable rule is not_applicable, never pass.
    """
    denied, warned, excused = ({each.rule for each in group} for group in (violations, warnings, waived))
    able = applicable(catalogue, kinds)
    shown: dict[str, dict[str, object]] = {}
    for criterion in CRITERIA:
        name = f"SOC2:{criterion}"
        rules = {rule for rule, about in catalogue.items() if name in about.get("controls", ())}
        status, behind = _status(rules, denied, excused, able)
        shown[name] = {"status": status, "rules": sorted(behind)}
        if rules & warned:
            shown[name]["warnings"] = sorted(rules & warned)
    return shown


def _status(rules: set[str], denied: set[str], excused: set[str], able: set[str]) -> tuple[str, set[str]]:
    if rules & denied:
        return "fail", rules & denied
    if rules & excused:
        return "waived", rules & excused
    return ("pass", rules & able) if rules & able else ("not_applicable", set())
