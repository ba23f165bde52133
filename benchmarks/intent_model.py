"""The real model's answer to a golden sentence, for ``make eval-intent ARGS=--model``."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

from penstock.bootstrap.adapters import LIBRARY
from penstock.bootstrap.models import open_adapting
from penstock.domain.changes import Changes
from penstock.domain.facts import Fact, RepositoryFacts, Source
from penstock.domain.pipelines import LOCAL_CALLER, GeneratePipeline
from penstock.domain.spec import Origin
from penstock.errors import SkillNotFound
from penstock.generation.adapting import Question
from penstock.generation.intent import read_intent
from penstock.kit.clock import SystemClock
from penstock.pipelines.sketching import Sketch, Sketching, Usual
from penstock.settings import load_settings
from penstock.skills.library_store import LibrarySkills
from penstock.telemetry.service import Telemetry

_PATIENCE_S = 60.0


async def answer(sentence: str, facts: RepositoryFacts) -> Changes:
    """Ask the configured model. Raises SystemExit when there is none, ModelUnavailable, AnswerUnusable."""
    clock = SystemClock()
    try:
        sketch = await _sketch(sentence, facts)
    except SkillNotFound:  # small facts written by hand: nothing in them says how the service starts
        facts = _with_dockerfiles(facts)
        sketch = await _sketch(sentence, facts)
    understood = sketch.changes.model_dump(mode="json", exclude_defaults=True)
    question = Question(sentence, facts, sketch.draft, sketch.skills, understood)
    async with AsyncExitStack() as opened:
        adapting = open_adapting(
            load_settings(), opened, redis_url=None, fingerprint_key=b"eval", clock=clock, telemetry=Telemetry()
        )
        if adapting is None:
            raise SystemExit("No model is configured: set ANTHROPIC_API_KEY, or the settings for Vertex AI.")
        return await adapting.open(question, clock.monotonic() + _PATIENCE_S).answer()


async def _sketch(sentence: str, facts: RepositoryFacts) -> Sketch:
    command = GeneratePipeline(intent=sentence, service_name=None)
    changes = read_intent(sentence, facts).changes
    sketching = Sketching(LibrarySkills(LIBRARY / "skills"), Usual())
    return await sketching.sketch(
        LOCAL_CALLER, command, facts, changes, lambda part: Origin(kind="intent", ref="eval", because=(part,))
    )


def _with_dockerfiles(facts: RepositoryFacts) -> RepositoryFacts:
    services = tuple(
        replace(
            each, dockerfile=each.dockerfile or Fact(f"{each.path}/Dockerfile".removeprefix("./"), Source(each.path))
        )
        for each in facts.services
    )
    primary = next((each for each in services if facts.primary and each.path == facts.primary.path), facts.primary)
    return replace(facts, services=services, primary=primary)
