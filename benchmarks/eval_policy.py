"""Score the gate on labelled real files: ``python benchmarks/eval_policy.py --corpus FOLDER --snapshots FOLDER``.

Recall counts labels of severity critical and high whose rule exists. Precision counts a finding on an explicit
non-violation double; labels called unknown are skipped. policy_labels.json says which rules a label means; ``rule:
word`` asks for the word in the message too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile
from penstock.policy.catalogue import LIBRARY
from penstock.policy.gate import Gate
from penstock.policy.regorus import RegorusEngine

HERE = Path(__file__).parent
SEVERE = frozenset({"critical", "high"})


@dataclass
class Score:
    """What was found and missed, as ``file id`` lines."""

    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    hits: int = 0
    wrong: list[str] = field(default_factory=list)
    without_rule: set[str] = field(default_factory=set)

    @property
    def recall(self) -> float:
        """Share of severe labels that were found."""
        return len(self.found) / max(1, len(self.found) + len(self.missed))

    @property
    def precision(self) -> float:
        """Share of judged hits that are right; a wrong one weighs two."""
        return self.hits / max(1, self.hits + 2 * len(self.wrong))


def main() -> None:
    """Print the table for both profiles, and what was missed or wrong."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--corpus", type=Path, required=True)
    cli.add_argument("--snapshots", type=Path, required=True)
    told = cli.parse_args()
    lines = (told.corpus / "policy" / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines if line.strip()]
    meanings = json.loads((HERE / "policy_labels.json").read_text(encoding="utf-8"))
    engine = RegorusEngine(LIBRARY)
    try:
        _report(Gate(engine, fingerprint_key=b"0" * 32, timeout_s=30.0), labels, told.snapshots / "policy", meanings)
    finally:
        engine.close()


def _report(gate: Gate, labels: list[dict[str, Any]], folder: Path, meanings: dict[str, list[str]]) -> None:
    print("| profile | files | recall critical+high | of these denied | precision | no rule yet |")
    print("|---|---|---|---|---|---|")
    for profile in (Profile.ADVISORY, Profile.STANDARD):
        score = scored(gate, profile, labels, folder, meanings)
        counted = len(score.found) + len(score.missed)
        recall = f"{score.recall:.3f} ({len(score.found)}/{counted})"
        precision = f"{score.precision:.3f} ({score.hits} hits, {len(score.wrong)} wrong)"
        print(
            f"| {profile} | {len(labels)} | {recall} | {len(score.denied)} | {precision} | {len(score.without_rule)} |"
        )
    for title, listed in (("missed", score.missed), ("wrong", score.wrong), ("no rule", sorted(score.without_rule))):
        for line in listed:
            print(f"{title}: {line}")


def scored(
    gate: Gate, profile: Profile, labels: list[dict[str, Any]], folder: Path, meanings: dict[str, list[str]]
) -> Score:
    """Judge each file alone, under the path it had in its repository."""
    score = Score()
    rules = set(gate.engine.catalogue)
    for label in labels:
        content = (folder / label["file"]).read_bytes()
        files = [FileToJudge(label["path"], content)]
        decision = asyncio.run(gate.judge(files, JudgeContext(profile)))
        _violations(score, label, decision, meanings, rules)
        for each in label["not_violations"]:
            if any(_means(decision, meaning) for meaning in meanings[each["id"]]):
                score.wrong.append(f"{label['id']} {each['id']}: {each['words']}")
    return score


def _violations(
    score: Score, label: dict[str, Any], decision: Decision, meanings: dict[str, list[str]], rules: set[str]
) -> None:
    for label_id, severe in _label_ids(label):
        known = [each for each in meanings[label_id] if each.partition(":")[0] in rules]
        line = f"{label['id']} {label_id}"
        if not known:
            score.without_rule.update({label_id} if severe else set())
            continue
        hit = any(_means(decision, meaning) for meaning in known)
        score.hits += hit
        if severe:
            (score.found if hit else score.missed).append(line)
        if severe and any(_means(decision, meaning, denied=True) for meaning in known):
            score.denied.append(line)


def _label_ids(label: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield every label id of a file once, with whether any of its labels is severe."""
    ids = dict.fromkeys(each["id"] for each in label["violations"])
    for label_id in ids:
        yield label_id, any(each["id"] == label_id and each["severity"] in SEVERE for each in label["violations"])


def _means(decision: Decision, meaning: str, *, denied: bool = False) -> bool:
    rule, _, word = meaning.partition(": ")
    findings = decision.violations if denied else (*decision.violations, *decision.warnings)
    return any(each.rule == rule and word in each.message for each in findings)


if __name__ == "__main__":
    main()
