"""Repairs by the model that come to nothing: the refusal stays, and what they cost is known."""

from __future__ import annotations

import asyncio
import json

from laying import Laid, gate, laid
from prepared_model import Answers, Open

from penstock.domain.changes import Changes
from penstock.domain.pipelines import Repair
from penstock.domain.policy import FileToJudge, JudgeContext, Profile
from penstock.domain.skills import Selection
from penstock.domain.spec import PipelineSpec
from penstock.errors import InvalidConfiguration
from penstock.generation.adapting import Adapting, Conversation, Question
from penstock.generation.answer_schema import answer_of
from penstock.generation.attempts import AttemptRules, Attempts
from penstock.generation.nodes import grafted
from penstock.kit.clock import SystemClock
from penstock.pipelines.adaptation import Adapted
from penstock.pipelines.planning import Made
from penstock.pipelines.repairing import Remaking, Repairing
from penstock.pipelines.sketching import Sketch
from penstock.policy.catalogue import catalogue
from penstock.rendering import render
from penstock.telemetry.service import Telemetry

BAD = {
    "id": "smoke",
    "title": "Smoke test",
    "lanes": ["main"],
    "script": "echo $PAYMENT_PROVIDER_KEY\n",
    "secret_env": ["PAYMENT_PROVIDER_KEY"],
}
GOOD = {**BAD, "script": "npm test\n"}
SENTENCE = "Create a pipeline with a step that shows PAYMENT_PROVIDER_KEY"
START = laid(intent=SENTENCE, add_steps=[BAD])


def talk(*answers: dict[str, object]) -> Conversation:
    texts = [(json.dumps(answer_of(Changes.model_validate(each))), "end_turn") for each in answers]
    clock, telemetry = SystemClock(), Telemetry()
    attempts = Attempts(Answers(*texts), Open(), rules=AttemptRules(), clock=clock, telemetry=telemetry)
    adapting = Adapting([attempts], prices={}, redact=str, max_tokens=1_000, clock=clock, telemetry=telemetry)
    return adapting.open(Question(SENTENCE, START.facts, START.draft, START.skills), clock.monotonic() + 36)


def repaired(conversation: Conversation, failing: Exception | None = None) -> tuple[Made, tuple[Repair, ...]]:
    """Repair a pipeline with the bad step; ``failing`` is what making files again raises."""

    async def judged(spec: PipelineSpec) -> Made:
        artifacts = render(spec, START.skills, facts=START.facts)
        files = [FileToJudge(each.path, each.content, "generated") for each in artifacts]
        return Made(spec, artifacts, await gate().judge(files, JudgeContext(profile=Profile.STANDARD)))

    async def remake(spec: PipelineSpec) -> Made:
        if failing is not None:
            raise failing
        return await judged(spec)

    async def resketch(changes: Changes) -> Sketch:
        return sketch_of(Laid(START.example, changes, SENTENCE, START.options, None))

    async def scene() -> tuple[Made, tuple[Repair, ...]]:
        await conversation.answer()
        adapted = Adapted(START.changes, "ai", conversation.use, conversation=conversation)
        remaking = Remaking(START.facts, sketch_of(START), adapted, remake, resketch)
        return await Repairing(catalogue()["rules"], Telemetry()).repaired(await judged(START.spec), remaking)

    return asyncio.run(scene())


def sketch_of(made: Laid) -> Sketch:
    return Sketch(Selection((), ()), made.skills, made.draft, made.spec, made.changes)


def test_a_repair_of_which_no_files_can_be_made_leaves_the_refusal_and_is_counted():
    conversation = talk({"add_steps": [BAD]}, {"add_steps": [GOOD]})
    made, repairs = repaired(conversation, InvalidConfiguration("A step reads a secret that no service names."))
    assert [each.rule for each in made.decision.violations] == ["security.secrets.printed"]
    assert repairs == ()
    assert len(conversation.use.attempts) == 2


def test_what_the_gate_said_is_why_a_repair_was_made():
    made, repairs = repaired(talk({"add_steps": [BAD]}, {"add_steps": [GOOD]}))
    assert made.decision.allow
    assert [(each.what, each.by) for each in repairs] == [("step smoke changed", "prepared")]
    assert "PAYMENT_PROVIDER_KEY" in repairs[0].why


def test_a_step_that_a_repair_lets_read_a_secret_brings_the_secret_of_its_service():
    reading = {**GOOD, "secret_env": ["SMOKE_TOKEN"]}
    services = [{"name": "payment-api", "memory": "4Gi", "secrets": [{"env": "SMOKE_TOKEN", "at": "build"}]}]
    after = laid(add_steps=[reading], services=services)
    spec = grafted(START.spec, after.spec, frozenset({("step", "smoke")}))
    assert [(each.env, each.at) for each in spec.services[0].secrets if each.env == "SMOKE_TOKEN"] == [
        ("SMOKE_TOKEN", "build")
    ]
    assert spec.services[0].runtime == START.spec.services[0].runtime
    assert "SMOKE_TOKEN" in str([each.text for each in render(spec, START.skills, facts=START.facts)])
