"""Approvals: before which environments somebody has to agree. Production keeps its own whatever is said."""

from __future__ import annotations

import re

from penstock.generation.intent.sentence import Sentence
from penstock.generation.intent.stages import LIST, NAMED, is_production, name_of, resolved
from penstock.generation.intent.wishes import Wishes

_WORD = (
    r"(?:manual(?:ly)? )?(?:approv(?:als?|ed?|ing|er)|sign-?offs?|sign off|gatekeeper|freigaben?|freigegeben"
    r"|genehmigung"
    r"|approbation(?: manuelle)?|validation manuelle|aprobaci[oó]n(?: manual)?)|manual(?:ly)? (?:promot\w+"
    r"|gates?|confirm\w*)"
)
_BEHIND = (
    r"(?: (?:is|are|steps?|gates?|needed|required|mandatory|not|isn't|necessary|by hand|nötig|nicht|requise?"
    r"|requerida))*"
    r" (?:before|for|in|on|to|of|at|vor|für|avant|pour|antes de|para)(?: (?:the|each|any|it|we|going|goes|go"
    r"|deploying|deploy"
    r"|deploys|deployment|deployments|releasing|release|promoting|promotion|rolling|out|der|die|la|le|a|to|into"
    r"|live|in))*"
)
_BEFORE = (
    r"(?: (?:environment|stage|umgebung))?(?: (?:both|all|each|also|needs?|requires?|with|has|have|gets?|must"
    r"|be|to|should|braucht|benötigt|mit|avec|con"
    r"|nécessite|requiere|needing|requiring|only|after|without|no|not|doesn't|does not|need|ohne|sans|sin|a|an"
    r"|any|keine|kein|is|are|un|une|una))+"
)
_EVERY = (
    r"(?:every|each|all|alle|jede\w*|toutes?|tous|cada|todos)(?: (?:the|les|los))? (?:environments?|stages?"
    r"|umgebung\w*|environnements?|entornos?)"
)
_FOR = re.compile(rf"\b(?:{_WORD}){_BEHIND} (?P<stages>{LIST}|{_EVERY})")
_OF = re.compile(rf"(?P<stages>{LIST}|\b{_EVERY}){_BEFORE} (?:{_WORD})\b")
_BARE = re.compile(
    rf"\b(?:auto-?)?(?:{_WORD})\b(?: (?:step|gate|is|are|not|isn't|needed|required|necessary|nötig|nicht|requise?)\b)*"
)
_NOT = re.compile(
    r"\b(?:no|not|without|skip|don't|doesn't|does not|isn't|never|ohne|kein|keine|nicht|sans|pas|sin|auto)\b"
)
_NOT_BEFORE = re.compile(
    r"\b(?:no|not|without|skip|don't|doesn't|does not|never|ohne|kein|keine|nicht|sans|pas d'|pas de|aucune|sin|auto-?)"
    r"(?: (?:any|the|a|need|needs|require|further|manual|for|an))*[ ]?$"
)
_NEVER_WITHOUT = re.compile(
    r"\b(?:never|don't|do not|not|nothing|nie|jamais|nunca)\b[^,.;]{0,40}\b(?:without|ohne|sans|sin)(?: (?:an?"
    r"|any|the|manual))* ?$"
)
_AND = re.compile(r" (?:and|und|et|y) |,")
_ANY = re.compile("approv|sign|gate|freig|genehm|approba|aprob|manual|validation")
_AUTO = re.compile("auto")
_BY_WHOM = re.compile(
    r" (?:by|from|durch|von|par|por)(?: (?!(?:before|for|in|on|to|and|then|vor|für|avant|pour|antes|und|et"
    r"|y)\b)[\w'-]+){1,4}"
)
_NEXT = re.compile(
    r" (?:for|before|in|on|to|vor|für|avant|pour|antes de)(?: (?:the|la|le|el))? ([a-z][a-z0-9-]{0,30})(?![\w-])"
)
_NOT_BY = re.compile(
    r"\b(?:do not|don't|never|not) (?:deploy\w*|releas\w*|promot\w*|go)(?: it)?"
    r"(?=[^,.;]{0,80}\bautomatic)(?: automatically)? to (?:the )?(?P<stages>" + LIST + ")(?: automatically)?"
)
_BY = re.compile(r"\b(?:automatic(?:ally)?|auto)[ -](?:deploy\w*|promot\w*) (?:to|into|in) (?P<stages>" + LIST + ")")


def read(wishes: Wishes) -> None:
    """Read approvals."""
    sentence = wishes.sentence
    if sentence.any("automatic", "auto-", "auto "):
        for found in sentence.find(_BY, _AUTO, negated=True):
            required = sentence.is_negated(found.start())
            words = sentence.take_negated(*found.span())
            _settle(wishes, found.group("stages"), required=required, words=words, silent=True)
        for found in sentence.find(_NOT_BY, _AUTO, negated=True):
            _settle(wishes, found.group("stages"), required=True, words=sentence.take(found))
    if not sentence.any("approv", "sign", "gate", "freig", "genehm", "approb", "aprob", "manual", "validation"):
        return
    for pattern in (_FOR, _OF):
        for found in sentence.find(pattern, _ANY, 110, negated=True):
            before = _negated(sentence, found.start())
            said = found.group().replace(found.group("stages"), " ")
            start = found.start() - (len(before.group()) if before else 0)
            words = sentence.take_negated(start, found.end())
            doubly = before is not None and _doubly(sentence, before, found.start())
            required = doubly or not (before or _NOT.search(said) or _is_unwanted(sentence, found.start()))
            _whom(wishes, found.end())
            _settle(wishes, found.group("stages"), required=required, words=words)
    for found in sentence.find(_BARE, _ANY, 110, negated=True):
        before = _negated(sentence, found.start())
        start = found.start() - (len(before.group()) if before else 0)
        behind = _NEXT.match(sentence.low, found.end())
        own = behind is not None and behind.group(1) in (wishes.stages or ())
        words = sentence.take_negated(start, behind.end() if behind is not None and own else found.end())
        stages = wishes.stages or list(wishes.usual)
        last = next((stage for stage in reversed(stages) if is_production(stage)), stages[-1])
        name = behind.group(1) if behind is not None and own else last
        _whom(wishes, behind.end() if behind is not None and own else found.end())
        doubly = before is not None and _doubly(sentence, before, found.start())
        unwanted = before or _NOT.search(found.group()) or _is_unwanted(sentence, found.start())
        _one(wishes, name, required=doubly or not unwanted, words=words)


def _negated(sentence: Sentence, at: int) -> re.Match[str] | None:
    """Return the words that turn an approval around, or ("never without") turn it around twice."""
    before = sentence.before(at, 60)
    return _NEVER_WITHOUT.search(before) or _NOT_BEFORE.search(before)


def _is_unwanted(sentence: Sentence, at: int) -> bool:
    """Whether an approval shall be removed: "no canary and an approval" wants one."""
    if not sentence.is_negated(at):
        return False
    return not _AND.search(sentence.low, sentence.negation_of(at).cue, at)


def _doubly(sentence: Sentence, before: re.Match[str], at: int) -> bool:
    return before.re is _NEVER_WITHOUT or sentence.is_affirmed_twice(at)


def _whom(wishes: Wishes, end: int) -> None:
    """Read who approves: no file can say it."""
    found = _BY_WHOM.match(wishes.sentence.low, end)
    if found is not None and not wishes.sentence.is_taken(*found.span()):
        words = wishes.sentence.take(found)
        wishes.assume(
            f'Who approves ("{words}") is a matter of roles in Google Cloud: docs/cicd/README.md, and no file.'
        )


def _settle(wishes: Wishes, stages: str, *, required: bool, words: str, silent: bool = False) -> None:
    usual = wishes.stages or list(wishes.usual)
    named = [found.group() for found in NAMED.finditer(stages)]
    wanted = [resolved(word, usual) or name_of(word) for word in named] or usual
    for stage in wanted:
        if stage not in usual:
            wishes.ask(f'Which environment is meant by {stage}? It is none of this pipeline\'s: "{words}".')
        else:
            _one(wishes, stage, required=required, words=words, silent=silent)


def _one(wishes: Wishes, stage: str, *, required: bool, words: str, silent: bool = False) -> None:
    if required or not is_production(stage):
        wishes.of_stage(stage, "require_approval", required, words)
    elif not silent:
        wishes.assume(f"{stage} keeps its approval: no pipeline goes to production without one.")
