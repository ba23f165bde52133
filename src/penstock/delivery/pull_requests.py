"""What a pull request says: the files, the verdict, what was assumed and mended, and what to do next.

Everything but our own sentences is foreign (the sentence, the repository, the model, a policy), so it passes through
markdown.py: nobody is mentioned, nothing is linked, no HTML comes from data.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from penstock.delivery.decide import LOCK_FILE
from penstock.delivery.markdown import code, prose
from penstock.delivery.ports import PullRequestText, checked_branch
from penstock.domain.pipelines import Plan
from penstock.domain.policy import Decision, Violation

MOST_CHARACTERS = 60_000
"""GitHub takes 65,536."""
_MOST_LINES = 60
_README = "docs/cicd/README.md"
_MEANINGS = (
    (LOCK_FILE, "lists these files with their hashes, so that a later run knows them; leave it as it is"),
    (_README, "how the pipeline works, and what to set up once"),
    ("docs/cicd/*", "documentation"),
    ("*Dockerfile", "how the image is built"),
    ("*.dockerignore", "what stays out of the image's build"),
    ("*cloudbuild*.yaml", "the builds: checks, image, release"),
    ("*clouddeploy*.yaml", "the stages a release passes through"),
    ("*skaffold*.yaml", "how a release is turned into manifests"),
    (".github/workflows/*", "a workflow of GitHub Actions"),
    ("deploy/*", "what runs in an environment"),
    ("k8s/*", "what runs in an environment"),
)
"""What a file is for, by the first pattern that fits its path."""


def branch_of(service: str) -> str:
    """Return the branch of a service's pull requests. Raises InvalidConfiguration for a name no branch can have."""
    return checked_branch(f"penstock/{service}", field="service_name")


def pull_request_text(plan: Plan) -> PullRequestText:
    """Return title and body; the same plan gives the same text."""
    paths = sorted(artifact.path for artifact in plan.artifacts)
    sections = (
        _opening(plan),
        _section("Files", [_file(path) for path in paths]),
        _verdict(plan.decision),
        _section(
            "Mended before this was offered",
            [
                f"{code(each.file)}: {prose(each.what)} ({code(each.rule)}, by {prose(each.by)})"
                for each in plan.repairs
            ],
        ),
        _section("Assumptions", [prose(each.text) for each in plan.spec.assumptions]),
        _section("Open questions", [prose(each) for each in plan.spec.questions]),
        _section(
            "Left over from an earlier pipeline",
            [f"{code(path)} is no longer part of it: remove it if nothing else uses it" for path in plan.former_files],
        ),
        _next_steps(plan, paths),
        "Made by Penstock with " + ", ".join(code(str(use)) for use in plan.skills_used) + ".",
    )
    body = "\n\n".join(each for each in sections if each)
    if len(body) > MOST_CHARACTERS:
        body = body[: body.rindex("\n", 0, MOST_CHARACTERS)] + "\n\nThe rest is cut; the pipeline's record has it all."
    verb = "Update" if plan.facts.managed_files else "Add"
    return PullRequestText(f"{verb} CI/CD pipeline for {plan.spec.name}", body + "\n")


def _opening(plan: Plan) -> str:
    said = f"A CI/CD pipeline for {code(plan.spec.name)}, target {code(plan.spec.target)}."
    if not plan.degraded:
        return said
    reason = f" ({prose(plan.degraded_reason)})" if plan.degraded_reason else ""
    return (
        f"{said}\n\n**Degraded:** the model was not to be had{reason}, so the skills' templates stand in. Wishes "
        "beyond them are not in this pull request; run it again later to have them."
    )


def _file(path: str) -> str:
    meaning = next((meaning for pattern, meaning in _MEANINGS if fnmatchcase(path, pattern)), "")
    return f"{code(path)}: {meaning}" if meaning else code(path)


def _verdict(decision: Decision) -> str:
    passed = sum(1 for control in decision.controls.values() if control.get("status") == "pass")
    verdict = "allowed" if decision.allow else "denied"
    revision = code(decision.policy_revision)
    lines = [
        f"{verdict} by {decision.rules_evaluated} rules, profile {code(decision.profile.value)}, revision {revision}",
        f"{passed} of {len(decision.controls)} controls pass",
    ]
    lines += [_finding("Warning", each) for each in decision.warnings]
    lines += [_finding("Waived", each) for each in decision.waived]
    return _section("Policy", lines)


def _finding(what: str, found: Violation) -> str:
    remedy = f" {prose(found.remediation)}" if found.remediation else ""
    return f"{what}: {code(f'{found.file}:{found.line}')} {prose(found.message)}{remedy} ({code(found.rule)})"


def _next_steps(plan: Plan, paths: Sequence[str]) -> str:
    steps = ["Read the files above as you would read a colleague's."]
    if plan.spec.assumptions or plan.spec.questions:
        steps.append(
            "Check the assumptions and questions; say it otherwise in a new run, and this pull request changes."
        )
    if _README in paths:
        steps.append(f"Do once what {code(_README)} says is to be set up.")
    steps.append("Merge. Files you edit here stay yours: a later run reports them instead of overwriting them.")
    return "### What to do next\n\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _section(heading: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    kept = [f"- {line}" for line in lines[:_MOST_LINES]]
    kept += [f"- … and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    return f"### {heading}\n\n" + "\n".join(kept)
