"""Canary releases: to some of the traffic first, in steps."""

from __future__ import annotations

import re

from penstock.generation.intent.stages import NAMED, is_production, resolved
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_USUAL = (25, 50)
_WHOLE = 100
_PERCENT = r"[0-9]{1,3}(?: ?%| percent| prozent| pour ?cent| por ciento)?"
_STEPS = (
    rf"(?P<steps>{_PERCENT}(?:(?:,? (?:and|then|und|dann|et|puis|y|luego|to)(?: then| to)? |, ?| ?/ ?"
    rf"| ?-> ?){_PERCENT}){{0,7}})"
)
_WORD = (
    r"(?:canary(?: (?:release|releases|deployment|deployments|rollout|strategy|deploy|steps?|phases?))?|canaries"
    r"|(?:gradual(?:ly)?|progressive(?:ly)?|phased|schrittweise|progressi(?:f|ve|vement)"
    r"|gradual(?:mente)?)(?: (?:rollout|roll out|release|deploy|deployment|delivery))?)"
)
_WITH = re.compile(
    rf"\b{_WORD}(?:[ :]+(?:of|with|at|to|in|steps?|from|starting|first|mit|von|avec|de|con|al|à|traffic"
    rf"|production|prod|for|the|=))*[ :(]*{_STEPS}"
)
_BEHIND = re.compile(rf"(?<![\w.]){_STEPS},? (?:of )?(?:the )?(?:{_WORD})\b")
_TRAFFIC = re.compile(
    rf"(?<![\w.])(?P<steps>[0-9]{{1,3}} ?%) (?:of (?:the )?)?(?:traffic|users"
    rf"|requests)(?: first)?(?P<more>(?:(?:,|,? and|,? then|,? and then) {_PERCENT}){{0,6}})"
)
_BARE = re.compile(rf"\b{_WORD}\b")
_ANY = re.compile("canar|gradual|progress|phased|schrittw|%")
_NUMBER = re.compile(r"[0-9]{1,3}")
_IF = re.compile(r"\b(?:if|when|once|after|whenever|wenn|falls|si|cuando)(?: (?:a|the|its|la|le|el|die|der|das))* $")


def read(wishes: Wishes) -> None:
    """Read canary steps: for the environment named in the clause, else for production."""
    sentence = wishes.sentence
    if not sentence.any("canar", "gradual", "progress", "phased", "schrittweise", "%"):
        return
    found_one = False
    for pattern in (_WITH, _BEHIND, _TRAFFIC):
        for found in sentence.find(pattern, _ANY, negated=True):
            if sentence.is_negated(found.start()):
                found_one = _none(wishes, found) or found_one
            elif "%" in found.group() or pattern is not _BEHIND:
                text = found.group("steps") + (found.group("more") if pattern is _TRAFFIC else "")
                steps = [int(each.group()) for each in _NUMBER.finditer(text)]
                found_one = _steps(wishes, found, steps) or found_one
    for found in sentence.find(_BARE, _ANY, negated=True):
        if _IF.search(sentence.before(found.start())) and not found_one:
            continue
        if sentence.is_negated(found.start()):
            _none(wishes, found)
        elif found_one:
            sentence.take(found)
        else:
            words = sentence.take(found)
            wishes.of_stage(_stage(wishes, found.start(), found.end()), "canary", list(_USUAL), words)
            steps_said = listed([f"{step} %" for step in _USUAL])
            wishes.assume(
                f"The canary goes to {steps_said} of the traffic, then to all of it: the sentence names no steps."
            )


def _none(wishes: Wishes, found: re.Match[str]) -> bool:
    words = wishes.sentence.take_negated(*found.span())
    stages = wishes.stages or list(wishes.usual)
    behind = NAMED.search(
        wishes.sentence.low, found.end(), min(wishes.sentence.clause(found.start())[1], found.end() + 20)
    )
    named = resolved(behind.group(), stages) if behind else None
    wishes.of_stage(named or _last(stages), "canary", [], words)
    return True


def _steps(wishes: Wishes, found: re.Match[str], steps: list[int]) -> bool:
    words = wishes.sentence.take(found)
    steps = steps[:-1] if len(steps) > 1 and steps[-1] == _WHOLE else steps
    if steps != sorted(set(steps)) or not all(0 < step < _WHOLE for step in steps):
        wishes.ask(f'Which canary steps are meant? They grow and stay between 1 and 99 %: "{words}" do not.')
        return True
    wishes.of_stage(_stage(wishes, found.start(), found.end()), "canary", steps, words)
    return True


def _stage(wishes: Wishes, start: int, end: int) -> str:
    stages = wishes.stages or list(wishes.usual)
    first, last = wishes.sentence.clause(start)
    named = [
        *NAMED.finditer(wishes.sentence.low, end, min(last, end + 40)),
        *NAMED.finditer(wishes.sentence.low, max(first, start - 40), start),
    ]
    for each in named:
        stage = resolved(each.group(), stages)
        if stage is not None:
            return stage
    return _last(stages)


def _last(stages: list[str]) -> str:
    return next((stage for stage in reversed(stages) if is_production(stage)), stages[-1])
