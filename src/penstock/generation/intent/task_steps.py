"""Steps that run a task of the repository: their lanes, their names, and the clock that starts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.domain.facts import ServiceFacts, Task
from penstock.generation.intent.kinds_of_tests import Kind
from penstock.generation.intent.schedules import Clock
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import fitted

_ON_REQUESTS = re.compile(r"\b(?:pull requests?|prs?|merge requests?|before (?:a |the |every |each )?merg\w+)\b")
_ON_MAIN = re.compile(
    r"\b(?:(?:on|to) (?:the )?(?:main|master)|after (?:a |the |every |each )?merg\w+|on merge|before (?:the |a "
    r"|every |each )?(?:deploy\w*|releas\w*))\b"
)
_AFTER_DEPLOY = re.compile(
    r"\b(?:after|post)[ -](?:the |a |every |each )?(?:deploy\w*|releas\w*|rollouts?)\b"
    r"|\bagainst (?:the )?(?:staging|production|prod|dev)\b"
)
_MAX_ID = 63
_USUAL_LANES = ("check", "main")
_LANES = ("check", "main", "scheduled")


@dataclass
class Mention:
    """A place that speaks of tests; ``kind`` is a Kind, or test, lint, scan for what the pipeline has."""

    start: int
    end: int
    kind: Kind | str
    words: str
    clock: Clock | None = None


def add_step(wishes: Wishes, mention: Mention, name: str, task: Task, *, step: str, title: str, kind: str) -> None:
    """Add a step that runs a task; after a deployment none can."""
    if mention.clock is None and _AFTER_DEPLOY.search(_behind(wishes, mention)):
        wishes.ask(
            f'Where shall "{mention.words}" run? A release is verified by its health path; a task runs in builds only.'
        )
        return
    lanes = _lanes(wishes, mention)
    entry = {
        "id": step_id(wishes, name, step),
        "service": name,
        "title": title,
        "kind": kind,
        "lanes": lanes,
        "script": task.command,
    }
    wishes.add("add_steps", entry, mention.words)


def _lanes(wishes: Wishes, mention: Mention) -> list[str]:
    behind = _behind(wishes, mention)
    requests, main = _ON_REQUESTS.search(behind), _ON_MAIN.search(behind)
    lanes = (["check"] if requests else []) + (["main"] if main else [])
    if mention.clock is not None:
        return [*lanes, "scheduled"]
    return lanes or ["check", "main"]


def _behind(wishes: Wishes, mention: Mention) -> str:
    _, last = wishes.sentence.clause(mention.start)
    return wishes.sentence.low[mention.end : min(last, mention.end + 60)]


def run_in(wishes: Wishes, step: str, words: str, *, more: Sequence[str] = (), less: Sequence[str] = ()) -> bool:
    """Let a step of the pipeline run in more lanes, or in fewer; False when that is how it runs anyway."""
    never = wishes.kept_out.setdefault(step, set())
    never |= set(less)
    entry = next((each for each in wishes.lists.get("change_steps", ()) if each["id"] == step), None)
    before = entry["lanes"] if entry else list(_USUAL_LANES)
    lanes = [lane for lane in _LANES if lane in {*before, *more} - never]
    if not lanes:
        wishes.add("remove_steps", step, words)
        return True
    if lanes == before:
        return False
    if entry is None:
        wishes.add("change_steps", {"id": step, "lanes": lanes}, words)
    else:
        entry["lanes"] = lanes
    return True


def start_lane(wishes: Wishes, clock: Clock | None, lane: str = "scheduled") -> str:
    """Let a clock start a lane, and say when that is."""
    if clock is None:
        return ""
    words = wishes.sentence.take((clock.start, clock.end))
    wishes.add("add_triggers", {"event": "schedule", "lane": lane, "schedule": clock.cron}, words)
    wishes.assume(f'"{words}" is {clock.in_words()}.')
    if clock.zone:
        wishes.ask(f'Which hour is "{words}" in UTC? The schedule is in UTC, and "{clock.zone}" was not converted.')
    return words


def has(facts: ServiceFacts, task: Task) -> bool:
    """Whether the pipeline runs a task anyway."""
    commands = (facts.test_command, facts.lint_command, facts.build_command)
    return any(fact is not None and fact.value == task.command for fact in commands)


def step_id(wishes: Wishes, name: str, what: str) -> str:
    """Return the id a step of a service has: with the service's name where there are several."""
    return fitted(f"{name}-{what}" if wishes.several else what, _MAX_ID)
