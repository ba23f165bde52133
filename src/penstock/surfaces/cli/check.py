"""penstock check: the gate over the delivery files a repository already has."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.pipelines import LOCAL_CALLER
from penstock.domain.policy import Decision, Profile, Violation
from penstock.errors import InvalidConfiguration
from penstock.pipelines.answers import decision_document
from penstock.pipelines.checking import ToCheck, files_to_check
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from penstock.surfaces.cli.running import Opener

Catalogue = Mapping[str, Mapping[str, Any]]


async def run_check(opener: Opener, path: Path, *, profile: str, as_json: bool, as_sarif: bool) -> int:
    """Judge and print. Exit 0 clean, 1 violations, 2 could not judge. Raises PathProblem, PolicyEngineUnavailable."""
    try:
        chosen = Profile(profile)
    except ValueError:
        message = f"There is no profile {printable(profile)}; there are {', '.join(each.value for each in Profile)}."
        raise InvalidConfiguration(message, fields=["profile"]) from None
    found = files_to_check(path)
    if not found.files:
        return _tell_empty(path, found, as_json=as_json, as_sarif=as_sarif)
    async with opener.engine() as engine:
        try:
            judged = await engine.pipelines.validate(
                LOCAL_CALLER, found.files, profile=chosen, repo_paths=found.repo_paths
            )
        except InvalidConfiguration as problem:  # nothing in them that could be judged, and no secret
            if path.is_file():
                steps = ("Name a delivery file, or the repository's folder.",)
                raise InvalidConfiguration(problem.message, next_steps=steps) from problem
            if not found.only_for_secrets:
                raise
            return _tell_empty(path, found, as_json=as_json, as_sarif=as_sarif)
        decision = replace(judged, skipped=(*judged.skipped, *found.left_out))
        if found.only_for_secrets and not (as_json or as_sarif):
            sys.stdout.write(
                f"{printable(_no_delivery_files(path))} Files that may hold secrets were looked through.\n"
            )
        _tell(decision, engine.pipelines.gate.engine.catalogue, as_json=as_json, as_sarif=as_sarif)
    if not decision.allow:
        return exits.DENIED
    return exits.COULD_NOT if found.left_out else exits.OK


def _tell(decision: Decision, catalogue: Catalogue, *, as_json: bool, as_sarif: bool) -> None:
    if as_sarif:
        from penstock.policy.sarif import sarif

        _print(sarif(decision, catalogue))
    elif as_json:
        _print(decision_document(decision))
    else:
        sys.stdout.write("\n".join(decision_lines(decision)) + "\n")


def _print(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


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


def _tell_empty(path: Path, found: ToCheck, *, as_json: bool, as_sarif: bool) -> int:
    words = f"Nothing in {path} could be judged." if found.left_out else _no_delivery_files(path)
    if as_sarif:
        from penstock.policy.sarif import nothing_judged

        _print(nothing_judged(words))
    elif as_json:
        skipped = [{"path": each, "reason": reason} for each, reason in found.left_out]
        _print({"allow": not found.left_out, "files": [], "skipped": skipped, "detail": words})
    else:
        skipped_lines = [f"skip  {printable(each)}: {reason}" for each, reason in found.left_out]
        sys.stdout.write("\n".join([*skipped_lines, printable(words)]) + "\n")
    return exits.COULD_NOT if found.left_out else exits.OK


def _no_delivery_files(path: Path) -> str:
    return f"{path} has no delivery files (Cloud Build, Cloud Deploy, Kubernetes, Docker, workflows): nothing to judge."
