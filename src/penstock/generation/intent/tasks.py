"""Tests and other tasks: which run, in which lane, by what clock; and the ones that are to be left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from penstock.generation.intent.kinds_of_tests import BY_WORD, PLAIN, Kind, task_for
from penstock.generation.intent.left_out_tests import has_command, leave_out, what_leaves_out
from penstock.generation.intent.schedules import ZONE, ZONE_WORD, Clock, clocks, releases
from penstock.generation.intent.scope import services_for
from penstock.generation.intent.sentence import joined
from penstock.generation.intent.task_steps import Mention, add_step, has, run_in, start_lane, step_id
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_ONLY_REQUESTS = re.compile(
    r"\b(?:prs?|pull requests?|merge requests?) only\b|\bonly\b[^,.;]{0,30}\b(?:prs?|pull requests?|merge requests?)\b"
)
_MOST_MENTIONS = 40


def read(wishes: Wishes) -> None:
    """Read what shall be run, and when."""
    mentions = _mentions(wishes)
    left = _with_clocks(wishes, mentions, clocks(wishes.sentence))
    for mention in mentions:
        if isinstance(mention.kind, Kind):
            _special(wishes, mention)
        elif mention.kind == "scan":
            _scan(wishes, mention)
        else:
            _plain(wishes, mention, mention.kind)
    for clock in left:
        _alone(wishes, clock)
    if "add_triggers" in wishes.lists:
        for found in wishes.sentence.find(ZONE, ZONE_WORD):
            zone = wishes.sentence.take(found)
            wishes.ask(f'Which hour is meant in UTC? The schedule is in UTC, and "{zone}" was not converted.')


def _mentions(wishes: Wishes) -> list[Mention]:
    """Return where tests are spoken of, in order; those that shall be left out are dealt with at once."""
    sentence = wishes.sentence
    found: list[Mention] = []
    for kind, match in sentence.at_words(BY_WORD):
        if len(found) >= _MOST_MENTIONS or sentence.is_taken(*match.span()):
            continue
        span = what_leaves_out(wishes, match)
        if span is not None and (sentence.is_negated(match.start()) or sentence.is_affirmed_twice(match.start())):
            leave_out(wishes, match, kind, span)
        elif sentence.is_negated(match.start()):
            sentence.denied.append(match.span())
        else:
            found.append(Mention(match.start(), match.end(), kind, sentence.take(match)))
    return found


def _with_clocks(wishes: Wishes, mentions: Sequence[Mention], found: Sequence[Clock]) -> list[Clock]:
    """Give each clock to the tests before it in its clause, else to those behind it; return the clocks left over."""
    sentence, left = wishes.sentence, []
    for clock in found:
        first, last = sentence.clause(clock.start)
        inside = [each for each in mentions if first <= each.start < last and each.clock is None]
        before = [each for each in inside if each.end <= clock.start]
        behind = [each for each in inside if each.start >= clock.end]
        close = (
            behind
            if behind and (not before or behind[0].start - clock.end <= _GAP < clock.start - before[-1].end)
            else before
        )
        chain = [close[-1] if close is before else close[0]] if close else []
        rest = reversed(close[:-1]) if close is before else iter(close[1:])
        for other in rest if chain else ():
            one, two = sorted((chain[-1], other), key=lambda each: each.start)
            if not joined(sentence.low[one.end : two.start].replace(" the ", " ")):
                break
            chain.append(other)
        if not chain and not releases(sentence, clock) and len(mentions) == 1 and mentions[0].clock is None:
            chain = list(mentions)
        for each in chain:
            each.clock = clock
        if not chain:
            left.append(clock)
    return left


_GAP = 6


def _special(wishes: Wishes, mention: Mention) -> None:
    """Add a step for a kind of test, where the repository has a task for it."""
    kind = mention.kind
    if not isinstance(kind, Kind):
        return
    names = services_for(wishes, mention.start, mention.end)
    tasks = {name: task_for(kind, wishes.names[name].tasks) for name in names}
    for name, task in tasks.items():
        if task is not None and not has(wishes.names[name], task):
            title = f"Run the {kind.title} of {name}"
            add_step(wishes, mention, name, task, step=kind.step, title=title, kind=kind.kind)
    found = [task for task in tasks.values() if task is not None]
    if found:
        start_lane(wishes, mention.clock)
        return
    if mention.clock:
        wishes.sentence.take((mention.clock.start, mention.clock.end))
    of = listed(list(names)) or "the repository"
    wishes.ask(
        f"Which command runs the {kind.title} of {of}? No script or target of such a name was found, so no step"
        f" was added."
    )


def _plain(wishes: Wishes, mention: Mention, what: str) -> None:
    """Hear of the tests or the linter that the pipeline has; ask where it has none."""
    names = services_for(wishes, mention.start, mention.end)
    having = [name for name in names if has_command(wishes.names[name], what)]
    if not having:
        verb = "tests" if what == "test" else "linter"
        wishes.ask(
            f"Which command runs the {verb} of {listed(list(names)) or 'the repository'}? The repository names none."
        )
    clause = wishes.sentence.clause(mention.start)
    if having and what == "test" and _ONLY_REQUESTS.search(wishes.sentence.low, *clause):
        wishes.assume("Tests run on pushes to the release branch too: what is built into an image was tested.")
    if mention.clock is None or not having:
        if mention.clock:
            wishes.sentence.take((mention.clock.start, mention.clock.end))
        return
    removed = wishes.lists.get("remove_steps", [])
    steps = [step for step in (step_id(wishes, name, what) for name in having) if step not in removed]
    changed = [run_in(wishes, step, mention.words, more=("scheduled",)) for step in steps]
    if any(changed):
        start_lane(wishes, mention.clock)
    else:
        words = wishes.sentence.take((mention.clock.start, mention.clock.end))
        wishes.ask(f'Shall they run or not ("{mention.words}", "{words}")? The sentence leaves them out, too.')


def _scan(wishes: Wishes, mention: Mention) -> None:
    if mention.clock is None:
        return
    wishes.add("change_steps", {"id": "dependency-scan", "lanes": ["check", "scheduled"]}, mention.words)
    start_lane(wishes, mention.clock)


def _alone(wishes: Wishes, clock: Clock) -> None:
    """Read a clock without a test: what is released, else everything that is tested, goes by it."""
    sentence = wishes.sentence
    if releases(sentence, clock):
        words = start_lane(wishes, clock, "main")
        wishes.assume(f'Pushes to the release branch are still built and released, besides "{words}".')
        return
    first, last = sentence.clause(clock.start)
    if not re.search(r"\b(?:builds?|pipelines?|checks?|ci|schedul\w*|geplant|programm\w*)\b", sentence.low[first:last]):
        return
    tested = [(name, what) for name, facts in wishes.names.items() for what in PLAIN if has_command(facts, what)]
    words = sentence.shown(clock.start, clock.end)
    removed = wishes.lists.get("remove_steps", [])
    steps = [step for step in (step_id(wishes, name, what) for name, what in tested) if step not in removed]
    changed = [run_in(wishes, step, words, more=("scheduled",)) for step in steps]
    if any(changed):
        start_lane(wishes, clock)
    else:
        sentence.take((clock.start, clock.end))
        wishes.ask(f'What shall run "{words}"? The repository names no tests.')
