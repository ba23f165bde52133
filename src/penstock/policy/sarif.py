"""A decision as SARIF 2.1.0, the format that code scanning services and editors read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from penstock import __version__
from penstock.domain.policy import Decision, Violation

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"deny": "error", "warn": "warning"}
_ROOT = "%SRCROOT%"


def sarif(decision: Decision, catalogue: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the SARIF log of one decision. ``catalogue`` gives the rules their titles and descriptions."""
    shown = [*decision.violations, *decision.warnings]
    first = {each.rule: each for each in reversed(shown)}
    numbers = {rule: number for number, rule in enumerate(sorted(first))}
    rules = [_rule(first[rule], (catalogue or {}).get(rule, {})) for rule in sorted(first)]
    seen: dict[str, int] = {}
    run: dict[str, Any] = {
        "tool": {"driver": {"name": "Penstock", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository that was judged."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _skipped(decision)}],
        "results": [_result(each, numbers[each.rule], seen) for each in shown],
        "properties": {
            "allow": decision.allow,
            "profile": decision.profile.value,
            "policyRevision": decision.policy_revision,
            "decisionId": decision.decision_id,
            "rulesEvaluated": decision.rules_evaluated,
        },
    }
    return _log(run)


def nothing_judged(reason: str) -> dict[str, Any]:
    """Return the SARIF log of a run that found no file to judge."""
    notice = {"level": "note", "message": {"text": reason}}
    return _log(
        {
            "tool": {"driver": {"name": "Penstock", "semanticVersion": __version__, "rules": []}},
            "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [notice]}],
            "results": [],
        }
    )


def _log(run: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(example: Violation, about: Mapping[str, Any]) -> dict[str, Any]:
    title = str(about.get("title") or example.rule)
    described = str(about.get("description") or title)
    remediation = example.remediation or described
    return {
        "id": example.rule,
        "name": example.rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": described},
        "help": {
            "text": f"{described} {remediation}",
            "markdown": f"{described}\n\n**Fix:** {remediation}",
        },
        "defaultConfiguration": {"level": _LEVELS[example.severity]},
        "properties": {"tags": [example.policy, *example.controls], "problem.severity": _LEVELS[example.severity]},
    }


def _result(each: Violation, number: int, seen: dict[str, int]) -> dict[str, Any]:
    return {
        "ruleId": each.rule,
        "ruleIndex": number,
        "level": _LEVELS[each.severity],
        "message": {"text": f"{each.message}. {each.remediation}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(each.file), "uriBaseId": _ROOT},
                    "region": {"startLine": each.line, "startColumn": each.column},
                }
            }
        ],
        "partialFingerprints": {"penstockFinding/v1": _fingerprint(each, seen)},
    }


def _fingerprint(each: Violation, seen: dict[str, int]) -> str:
    """Return what names a finding across edits elsewhere in the file: no line numbers, but a count of equal ones."""
    text = "\0".join((each.rule, each.file, str(each.index), each.pointer, each.fingerprint or each.message))
    seen[text] = seen.get(text, 0) + 1
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}:{seen[text]}"


def _skipped(decision: Decision) -> list[dict[str, Any]]:
    return [
        {
            "level": "note",
            "message": {"text": f"Not judged: {reason}."},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(path), "uriBaseId": _ROOT}}}],
        }
        for path, reason in decision.skipped
    ]
