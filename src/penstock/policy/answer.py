"""The engine's answer, believed only with proof that every rule ran (POLICY.md §2.4), turned into violations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from penstock.domain.policy import Violation
from penstock.errors import PolicyEngineUnavailable
from penstock.policy.finding import Finding
from penstock.policy.question import Question

SCHEMA = "penstock.decision/v1"
_SEVERITIES = frozenset({"deny", "warn"})
_TEXTS = ("id", "severity", "file", "pointer", "message", "remediation")


def believed(answer: Any, question: Question, rules: frozenset[str]) -> list[dict[str, Any]]:
    """Return the findings of an answer. Raises PolicyEngineUnavailable for anything less than a whole decision."""
    if not isinstance(answer, dict) or answer.get("schema") != SCHEMA:
        raise PolicyEngineUnavailable("The policy engine's answer is not a decision.")
    if answer.get("selftest") != question.nonce:
        raise PolicyEngineUnavailable("The policy engine did not answer the self-test.")
    if answer.get("rules_evaluated") != len(rules):
        told = answer.get("rules_evaluated")
        raise PolicyEngineUnavailable(f"The policy engine evaluated {told} rules of {len(rules)}.")
    findings = answer.get("findings")
    if not isinstance(findings, list) or not all(_well_formed(each, rules) for each in findings):
        raise PolicyEngineUnavailable("The policy engine's findings cannot be read.")
    _nothing_lost(findings, question.facts)
    return findings


def violations(findings: list[dict[str, Any]], question: Question) -> list[Violation]:
    """Return findings with places, sorted and each once; denials first, then by file, line and rule."""
    facts = {(fact.rule, fact.file, fact.index, fact.pointer, fact.line): fact for fact in question.facts}
    made = {_violation(finding, question, facts) for finding in findings}
    return sorted(made, key=_order)


def _order(each: Violation) -> tuple[Any, ...]:
    return (each.severity, each.file, each.line, each.rule, each.column, each.index, each.pointer, each.message)


def _well_formed(finding: Any, rules: frozenset[str]) -> bool:
    return (
        isinstance(finding, dict)
        and all(isinstance(finding.get(key), str) for key in _TEXTS)
        and finding["severity"] in _SEVERITIES
        and finding["id"] in rules
        and isinstance(finding.get("index", 0), int)
        and isinstance(finding.get("line", 0), int)
    )


def _nothing_lost(findings: list[dict[str, Any]], facts: tuple[Finding, ...]) -> None:
    """Raise PolicyEngineUnavailable for a fact that no rule claimed: it would be a secret let through."""
    told = Counter((finding["id"], finding["file"]) for finding in findings)
    for fact in facts:
        if not told[fact.rule, fact.file]:
            raise PolicyEngineUnavailable(f"The policy engine lost a finding of {fact.rule}.")


def _violation(
    finding: dict[str, Any], question: Question, facts: dict[tuple[str, str, int, str, int], Finding]
) -> Violation:
    rule, file, pointer = finding["id"], finding["file"], finding["pointer"]
    index, told = finding.get("index", 0), finding.get("line") or 0
    fact = facts.get((rule, file, index, pointer, told))
    line, column = (fact.line, fact.column) if fact else _place(question, file, index, pointer, told)
    return Violation(
        rule=rule,
        policy=rule.rpartition(".")[0],
        severity=finding["severity"],
        file=file,
        line=line,
        column=column,
        pointer=pointer,
        message=question.masking.text(finding["message"])[:500],
        remediation=finding["remediation"],
        controls=tuple(str(each) for each in finding.get("controls") or ()),
        docs=str(finding.get("docs") or ""),
        waivable=finding.get("waivable") is not False,
        fingerprint=fact.fingerprint if fact else "",
        index=index,
    )


def _place(question: Question, file: str, index: int, pointer: str, told: int) -> tuple[int, int]:
    reading = question.readings.get(file)
    part = reading.part(index) if reading else None
    if told > 0 or part is None:
        return max(told, 1), 1
    return part.position(pointer)
