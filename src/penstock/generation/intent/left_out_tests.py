"""Tests and linting that shall not run: never, or not in one lane. What cannot be said so exactly is asked."""

from __future__ import annotations

import re

from penstock.domain.facts import ServiceFacts
from penstock.generation.intent.kinds_of_tests import Kind
from penstock.generation.intent.negation import NEXT_VERB
from penstock.generation.intent.scope import services_for
from penstock.generation.intent.task_steps import run_in, step_id
from penstock.generation.intent.wishes import Wishes

_NOT = re.compile(
    r"\b(?:skip|skipping|no|not|without|disable|omit|drop|remove|removing|leave out|don't|do not|never|nie|niemals|ohne"
    r"|keine?|nicht|sans|sin|pas de|pas|ne|jamais|nunca|saute[rz]?|supprime[rz]?|omit(?:e|ir|as)|salta[rs]?"
    r"|überspringe?)"
    r"(?: (?:the|any|all|run|running|do|step|unit|its|our|a|on|les|las|los|le|la|want|need|to|execute|skip|skipping"
    r"|remove|omit|drop|disable|leave out|die|das|den|zu|we|saute[rz]?|lance[rz]?|exécute[rz]?|ejecut\w+|omit\w+))*"
    r"(?: (?:security |unit |e2e |integration )?(?:tests?|testing|lint|linting|linter|scans?|scanning"
    r"|checks?|pruebas)(?:,| and| or| und| oder| et| ou| y| o)(?: the| any)?){0,3} ?$"
)
_NOT_BEHIND = re.compile(
    r"(?: (?:nicht|nie|niemals|bitte))* (?:überspringen|weglassen|auslassen|entfernen|deaktivieren)\b"
)
"""The verb that leaves tests out, where a language puts it last."""
_LANES = (
    ("scheduled", re.compile(
        r"\b(?:night\w*|nocturn\w*|scheduled?|schedule|cron|weekly|daily|weekends?|every (?:night|day|week|[a-z]+day)"
        r"|nachts|nächtlich\w*|jede nacht|(?:la|chaque) nuit|noches?|programad\w*|planifi\w*)\b"
    )),
    ("check", re.compile(r"\b(?:pull[ -]?requests?|prs?|merge requests?|mrs?)\b")),
    ("main", re.compile(
        r"\b(?:(?:on|to|for|in|from|auf|bei|sur|dans|en) (?:the |every |each |all |la |le |el )?"
        r"(?:main|master|release branch|releases?|release builds?|push(?:es)?|merges?|tags?))\b"
    )),
)  # fmt: skip
_PART = re.compile(
    r"\b(?:on|in|for|during|from|at|if|when|whenever|unless|until|except|but|while|before|after|only|where|as long as"
    r"|bei|im|am|für|auf|wenn|falls|außer|vor|nach|solange|sur|pour|dans|lors|quand|si|sauf|avant|après|en|para|durante"
    r"|cuando|salvo|excepto|antes|después)\b"
)
_BARE = re.compile(r"(?:without|ohne|sans|sin)\b")
"""Behind "without tests on ..." the sentence goes on."""
_EXCEPT = re.compile(r"\b(?:except|but|unless|other than|außer|sauf|salvo|excepto)\b")
_CUT = re.compile(r" (?:because|since|as they|so that|so we|weil|car|porque)\b")
_WHOLE = (
    r"(?:in|from|of|for|on|at|im|aus|von|für|de|du|dans|pour|en|del|para)"
    r"(?: (?:the|this|our|my|its|der|die|das|la|le|el))?"
    r"(?: (?:whole|entire|ci|cd|ci/cd))*"
    r"(?: (?:pipelines?|ci|cd|ci/cd|builds?|workflow|project|repo|repository|services?|app|now|all|please))?"
)
_JOINED = re.compile(r".*(?:,| and| und| et| y| then| but)(?= )", re.DOTALL)


def what_leaves_out(wishes: Wishes, found: re.Match[str]) -> tuple[int, int] | None:
    """Return from where to where a mention of tests is said to be left out, or kept ("never skip")."""
    sentence = wishes.sentence
    before = _NOT.search(sentence.before(found.start(), 60))
    behind = _NOT_BEHIND.match(sentence.low, found.end())
    if before is None and behind is None:
        return None
    start = found.start() - (len(before.group()) if before else 0)
    return start, behind.end() if behind else found.end()


def leave_out(wishes: Wishes, found: re.Match[str], kind: Kind | str, span: tuple[int, int]) -> None:
    """Leave out what a mention speaks of, as far as the sentence wants it; two negations keep it."""
    sentence = wishes.sentence
    if not sentence.is_negated(found.start()):
        words = sentence.take_negated(*span)
        wishes.assume(f'"{words}" is how it is: what runs stays as it is.')
        return
    part = _case(wishes, found, span) if isinstance(kind, str) and kind != "scan" else None
    words = sentence.take_negated(span[0], part.end() if part else span[1])
    if kind == "scan":
        wishes.keep_scans(words)
    elif isinstance(kind, Kind):
        wishes.unchanged(words)
    elif part is None:
        _remove(wishes, found, kind, words)
    else:
        lanes = [lane for lane, pattern in _LANES if pattern.search(part.group())]
        if lanes and not _EXCEPT.search(part.group()):
            _not_in(wishes, found, kind, lanes, words)
        else:
            wishes.ask(
                f'When shall they not run ("{words}")? A step runs on pull requests, on the release branch or by the'
                f" clock, in all cases or in none: it stays as it is."
            )


def has_command(facts: ServiceFacts, what: str) -> bool:
    """Whether a service has tests or a linter to run."""
    return (facts.test_command if what == "test" else facts.lint_command) is not None


def _case(wishes: Wishes, found: re.Match[str], span: tuple[int, int]) -> re.Match[str] | None:
    """Return the words that limit a wish to a lane or a case: behind it, else before it; None: it is for always."""
    low = wishes.sentence.low
    first, last = wishes.sentence.clause(found.start())
    ends = [each.start() for pattern in (NEXT_VERB, _CUT) if (each := pattern.search(low, span[1], last))]
    last = min([last, *ends])
    names = "|".join(re.escape(name) for name in sorted(wishes.names, key=len, reverse=True)) or "service"
    always = re.compile(
        rf"(?: (?:steps?|stage|suites?|jobs?|{_WHOLE}|(?:of|for|in|from|and|the|von|für)|(?:{names})))* ?"
    )
    if _PART.search(low, span[1], last) or _LANES[0][1].search(low, span[1], last):
        rest = low[span[1] : last]
        beside = _BARE.match(low, span[0]) and not any(pattern.search(rest) for _, pattern in _LANES)
        return (
            None
            if beside or always.fullmatch(low, span[1], last)
            else re.compile(r".+", re.DOTALL).match(low, span[1], last)
        )
    joined = _JOINED.match(low, first, span[0])
    begin = joined.end() if joined else first
    if first > 1 and low[first - 1] == "," and begin == first:
        begin = wishes.sentence.clause(first - 2)[0]
    before = low[begin : span[0]]
    if any(pattern.search(before) for _, pattern in _LANES):
        return re.compile(r".+", re.DOTALL).match(low, begin, span[1])
    return None


def _remove(wishes: Wishes, found: re.Match[str], what: str, words: str) -> None:
    for name in services_for(wishes, found.start(), found.end()):
        if has_command(wishes.names[name], what):
            wishes.add("remove_steps", step_id(wishes, name, what), words)
            noun = "are not tested" if what == "test" else "are not linted"
            wishes.assume(f'Changes of {name} {noun} by this pipeline: "{words}".')


def _not_in(wishes: Wishes, found: re.Match[str], what: str, lanes: list[str], words: str) -> None:
    for name in services_for(wishes, found.start(), found.end()):
        if has_command(wishes.names[name], what):
            step = step_id(wishes, name, what)
            if not run_in(wishes, step, words, less=lanes):
                wishes.assume(f'{step} runs on pull requests and on pushes, not by the clock: "{words}" is how it is.')
