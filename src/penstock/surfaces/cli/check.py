"""penstock check: the gate over the delivery files a repository already has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.pipelines import LOCAL_CALLER
from penstock.domain.policy import Decision, Profile, Violation
from penstock.errors import InvalidConfiguration
from penstock.pipelines.answers import decision_document
from penstock.pipelines.checking import files_to_check
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from penstock.surfaces.cli.app import Opener


async def run_check(opener: Opener, path: Path, *, profile: str, as_json: bool, as_sarif: bool) -> int:
    """Judge and print. Exit 0 clean, 1 violations, 2 could not judge. Raises PathProblem, PolicyEngineUnavailable."""
    try:
        chosen = Profile(profile)
    except ValueError:
        message = f"There is no profile {printable(profile)}; there are {', '.join(each.value for each in Profile)}."
        raise InvalidConfiguration(message, fields=["profile"]) from None
    files, repo_paths = files_to_check(path)
    if not files:
        _tell_empty(path, as_json=as_json or as_sarif)
        return exits.OK
    async with opener.engine() as engine:
        decision = await engine.pipelines.validate(LOCAL_CALLER, files, profile=chosen, repo_paths=repo_paths)
    if as_sarif:
        from penstock.policy.sarif import sarif

        sys.stdout.write(json.dumps(sarif(decision), indent=2) + "\n")
    elif as_json:
        sys.stdout.write(json.dumps(decision_document(decision), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(decision_lines(decision)) + "\n")
    return exits.OK if decision.allow else exits.DENIED


def decision_lines(decision: Decision) -> list[str]:
    """Return a verdict as lines of text: denials first, each with its remediation, then warnings, then the sum."""
    lines: list[str] = []
    for each in decision.violations:
        lines += _finding_lines("deny", each)
    for each in decision.warnings:
        lines += _finding_lines("warn", each)
    lines += [f"skip  {printable(path)}: {reason}" for path, reason in decision.skipped]
    verdict = "clean" if decision.allow else "denied"
    counts = f"{len(decision.violations)} denials, {len(decision.warnings)} warnings"
    how = f"profile {decision.profile.value}, {decision.rules_evaluated} rules, policy {decision.policy_revision[:12]}"
    return [*lines, f"{verdict}: {counts} in {len(decision.files)} files ({how})"]


def _finding_lines(word: str, each: Violation) -> list[str]:
    return [
        f"{word}  {printable(each.file)}:{each.line}:{each.column}  {each.rule}",
        f"      {printable(each.message)}",
        f"      fix: {each.remediation}",
    ]


def _tell_empty(path: Path, *, as_json: bool) -> None:
    words = f"{path} has no delivery files (Cloud Build, Cloud Deploy, Kubernetes, Docker, workflows): nothing to judge."
    sys.stdout.write((json.dumps({"allow": True, "files": [], "detail": words}) if as_json else words) + "\n")
