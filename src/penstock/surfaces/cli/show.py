"""Plans and results in words: facts with sources, skills with reasons, files, verdict, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.surfaces.cli.detect import facts_lines
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.domain.pipelines import PipelineResult, Plan, StageEvent
    from penstock.domain.skills import Candidate

_MARKS = {"ok": "✓", "failed": "✗", "skipped": "-"}


def stage_line(event: StageEvent) -> str:
    """Return one ended stage as a line: mark, name, milliseconds, detail."""
    return f"  {_MARKS.get(event.outcome, '?')} {event.name:<8} {event.ms:8.1f} ms  {printable(event.detail)}".rstrip()


def plan_lines(plan: Plan) -> list[str]:
    """Return the plan as lines of text."""
    lines = ["", "Facts", *(f"  {line}" for line in facts_lines(plan.facts))]
    lines += ["", "Skills"]
    lines += [_skill_line(candidate) for candidate in plan.selection.chosen]
    if plan.selection.runners_up:
        lines += ["  not taken:"] + [_skill_line(candidate) for candidate in plan.selection.runners_up[:3]]
    lines += ["", f"Pipeline {plan.spec.name} -> {plan.spec.target} in {plan.spec.cloud.region}"]
    for step in plan.spec.steps:
        lines.append(f"  {step.id:<28} {'/'.join(step.lanes):<18} {printable(step.title)}")
    gates = [f"{each.name}{' (approval)' if each.require_approval else ''}" for each in plan.spec.environments]
    if gates:
        lines.append(f"  environments: {' -> '.join(gates)}")
    lines += _listed("Assumptions", [each.text for each in plan.spec.assumptions])
    lines += _listed("Questions", plan.spec.questions)
    lines += _former_lines(plan)
    lines += _model_lines(plan)
    lines += _listed("Repaired", [f"{each.file} {each.rule}: {each.what} ({each.by})" for each in plan.repairs])
    lines += ["", "Gate", *_verdict_lines(plan)]
    return lines


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return ["", title, *(f"  - {printable(each)}" for each in sentences)] if sentences else []


def _model_lines(plan: Plan) -> list[str]:
    """Return who adapted the plan and what that cost; loudly when templates stand in."""
    lines = []
    if plan.degraded:
        lines += ["", f"DEGRADED: no model adapted this plan, since {plan.degraded_reason}. Run it again later."]
    use = plan.model
    if use is not None and not plan.degraded:
        usd = f", {use.micro_usd / 1_000_000:.4f} USD" if use.micro_usd else ""
        told = "answered before" if use.from_draft else f"{len(use.attempts)} asked{usd}"
        lines += ["", f"Adapted by {printable(use.model)} ({told})"]
    return lines


def _former_lines(plan: Plan) -> list[str]:
    """Return the files of an earlier pipeline and what to do with them; nothing when there are none."""
    former = plan.former_files
    if not former:
        return []
    lines = ["", "No longer part of the pipeline (Penstock wrote them for an earlier one, and nothing reads them now)"]
    lines += [f"  - {printable(path)}" for path in former]
    return [*lines, "  Delete those of no use: git rm FILE."]


def _skill_line(candidate: Candidate) -> str:
    name = f"{candidate.skill.name}@{candidate.skill.version}"
    return f"  {name:<28} {candidate.score:>4}  {printable('; '.join(candidate.reasons))}"


def _verdict_lines(plan: Plan) -> list[str]:
    decision = plan.decision
    found = [("deny", each) for each in decision.violations] + [("warn", each) for each in decision.warnings]
    lines = [
        f"  {word} {printable(each.file)}:{each.line} {each.rule}: {printable(each.message)}" for word, each in found
    ]
    verdict = "clean" if decision.allow else "DENIED"
    counts = f"{len(decision.violations)} denials, {len(decision.warnings)} warnings"
    return [*lines, f"  {verdict}: {decision.rules_evaluated} rules over {len(decision.files)} files, {counts}"]


def written_lines(result: PipelineResult, repo: Path) -> list[str]:
    """Return what happened to the files."""
    delivery = result.delivery
    where = f"branch {delivery.branch}" if delivery.branch else printable(str(repo))
    if delivery.no_changes:
        return ["", f"Nothing changed: all {len(delivery.unchanged)} files in {where} are as they should be."]
    sizes = {artifact.path: len(artifact.content) for artifact in result.plan.artifacts}
    lines = ["", f"Files written to {where}"]
    lines += [f"  + {path:<52} {sizes.get(path, 0):>6} bytes" for path in delivery.written]
    lines += [f"  = {path:<52} unchanged" for path in delivery.unchanged]
    lines += [f"  ! {path:<52} {printable(reason)}" for path, reason in delivery.skipped]
    if delivery.commit_sha:
        lines.append(f"  commit {delivery.commit_sha}")
    return lines


def next_lines(result: PipelineResult, repo: Path) -> list[str]:
    """Return what the developer does next."""
    explained = next(
        (each for each in result.plan.artifacts if each.path.endswith(("cloudbuild.yaml", "cloudbuild-main.yaml"))),
        None,
    )
    steps = ["Read docs/cicd/README.md: the one-time set-up commands and how to roll back."]
    if result.delivery.branch:
        steps.append(f"Push the branch and open a pull request: git push -u origin {result.delivery.branch}")
    elif not result.delivery.no_changes:
        steps.append("Review and commit the files.")
    if explained and not result.delivery.branch:  # a branch is not in the work tree
        steps.append(f"Ask why a line is there: penstock explain {printable(str(repo / explained.path))}:10")
    lines = ["", "Next", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    return [*lines, "", f"pipeline {result.pipeline_id}  {result.status.value}  {sum(result.timings.values()):.0f} ms"]
