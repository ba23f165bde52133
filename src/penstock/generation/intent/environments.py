"""Environments: the list of them, one more, one less, only one."""

from __future__ import annotations

import re

from penstock.generation.intent.sentence import Sentence, joined
from penstock.generation.intent.stages import (
    AMBIGUOUS,
    BY_WORD,
    in_order,
    is_production,
    name_of,
    rank,
    resolved,
    with_one_more,
)
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_MOST = 8
_LONGEST_JOIN = 30
_JOIN = re.compile(
    r"[\s,/&>\u2192\"'`-]*(?:(?:and|then|to|the|finally|afterwards|followed by|into|und|dann|nach|et|puis|en|la"
    r"|y|luego|a|zu)"
    r"[\s,>\"'`-]+)*"
)
_ABOUT = re.compile(
    r"(?:approv\w*|sign-?off|freigabe\w*|genehmigung|approbation|aprobaci[oó]n|canary|instances?|replicas?"
    r"|verify|verified)[^,.;]{0,40}(?<!between )$"
)
_APPROVED = re.compile(
    r"[^,.;]{0,20}\b(?:needs?|requires?|must|have to|brauchen|benötigen|requieren|nécessitent|necesitan)\b[^,.;]{0,25}"
    r"(?:approv|sign|freig|genehm|aprob|approb)"
)
"""What stands around environments that are spoken of, not listed."""
_NO_NAME = (
    r"(?!(?:no|not|never|without|with|each|all|both|but|only|approv\w+|canary|ohne|kein\w*|mit|sans|avec|sin|con)\b)"
)
_NAME = rf"{_NO_NAME}[a-z](?:[a-z0-9-]{{0,30}}[a-z0-9])?(?![\w-])"
_OWN = re.compile(
    r"\b(?:environments|stages|envs|umgebungen|environnements|entornos)(?: (?:called|named|are|namens|nommés"
    r"|llamados)\b|:)\s*"
    rf"({_NAME}(?:(?:,\s*|\s+(?:and|then|und|et|y)\s+|,\s*(?:and|then)\s+){_NAME}){{1,8}})"
)
_ONE = re.compile(
    r"\b(?:environments?|stages?|envs?|umgebung(?:en)?|environnements?|entornos?)(?::| ?=) *([a-z][a-z0-9-]{0,30})"
    r"(?= *(?:$|[.,;\n]))"
)
_SPLIT = re.compile(r",\s*(?:and |then )?|\s+(?:and|then|und|et|y)\s+")
_ADDED = re.compile(
    r"\b(?:add|adds|additional|additionally|extra|plus|another|new|zusätzlich\w*|ajoute\w*|añad\w*"
    r"|agrega\w*)\b[^,.;]{0,20}$"
)
_LEFT_OUT = re.compile(
    r"\b(?:(?:don't|do not|doesn't|does not|never|no longer) (?:need|want|use|have|deploy to)"
    r"|no|without|skip|skipping|omit|drop|remove|ohne|kein|keinen?|sans|pas d[e']|pas besoin d[e']|sin|no necesitamos)"
    r"(?: (?:a|an|the|any|separate|our|el|la|une?))* ?$"
)
_ALONE_BEFORE = re.compile(
    r"\b(?:only|just|straight|directly|right|nur|direkt|seulement|directement|s[óo]lo"
    r"|directamente)(?: (?:deploys?|to|into|in|a|the|nach|en|auf|vers))* $"
)
_ALONE_AFTER = re.compile(r" only\b(?! (?:on|when|if|after|from|with)\b)")
_LATER = re.compile(
    r" (?:after|once|when|if|as soon as|until|nach|wenn|sobald|après|quand|dès que|si|después|cuando)\b"
)
"""Behind "only to production": it says when, not that there is no other environment."""
_LISTS = re.compile("environ|stages|envs|umgebung|entornos")
_NOUN = re.compile(r" (?:environments?|stage|envs?|umgebung|environnement|entorno)\b")
_COUNTED = re.compile(
    r"\b(?:two|three|four|five|[2-8]|zwei|drei|vier|deux|trois|quatre|dos|tres|cuatro)"
    r" (?:(?:environments|stages|envs|umgebungen|environnements|entornos)[ :,(]*)?$"
)
_NOT_TO = re.compile(
    r"\b(?:don't|do not|never|not|won't|nicht|ne pas|no)(?: yet)? (?:deploy\w*|releas\w*|go|push|promot\w*|auf"
    r"|déploy\w*|desplegar)(?: (?:it|anything|yet))*"
    r" (?:to|in|into|nach|auf|en|sur)(?: (?:the|a))? $"
)
_DEPENDS = re.compile(
    r" (?:until|unless|before|without|if|when|while|on|during|at|from|bis|bevor|ohne|wenn|am|sans|avant|si|sin|hasta)\b"
)
_YET = re.compile(r" yet\b| for now\b")
Mention = tuple[int, int, str]


def read_list(wishes: Wishes) -> None:
    """Read the environments where the sentence lists them; what is said of them comes later."""
    sentence = wishes.sentence
    if sentence.any("environment", "stages", "envs", "umgebung", "environnement", "entornos"):
        for found in sentence.find(_OWN, _LISTS, 260):
            names = [name_of(each) for each in _SPLIT.split(found.group(1))]
            if len(set(names)) == len(names):
                counted = _COUNTED.search(sentence.before(found.start()))
                start = found.start() - (len(counted.group()) if counted else 0)
                _settle(wishes, names, sentence.take((start, found.end())))
                return
        for found in sentence.find(_ONE, _LISTS, 80):
            _only(wishes, name_of(found.group(1)), sentence.take(found))
            return
    for group in _groups(sentence):
        unsure = all(word in AMBIGUOUS for _, _, word in group)
        first, last = group[0][0], group[-1][1]
        spoken_of = _ABOUT.search(sentence.before(first, 60)) or _APPROVED.match(sentence.low, last)
        if len(group) > 1 and not sentence.is_negated(first) and not unsure and not spoken_of:
            names = list(dict.fromkeys(name_of(word) for _, _, word in group))
            if len(names) > 1:
                counted = _COUNTED.search(sentence.before(first))
                start = first - (len(counted.group()) if counted else 0)
                _settle(wishes, names, sentence.take((start, last)))
                return


def read_rest(wishes: Wishes) -> None:
    """Read the environments that are spoken of alone: one more, one less, the only one."""
    sentence, left_out = wishes.sentence, -1
    for start, end, word in _mentions(sentence):
        noun = _NOUN.match(sentence.low, end)
        if word in AMBIGUOUS and noun is None:
            continue
        end = noun.end() if noun else end  # noqa: PLW2901 -- the noun belongs to it
        too = 0 <= left_out < start and joined(sentence.low[left_out:start])
        if _is_left_out(wishes, (start, end, word), too=too):
            left_out = end
        elif sentence.is_negated(start):
            sentence.denied.append((start, end))
        elif not sentence.is_taken(start, end):
            _spoken_of(wishes, (start, end, word))


def _is_left_out(wishes: Wishes, mention: Mention, *, too: bool) -> bool:
    """Read an environment that shall not be, or not be deployed to; ``too``: the one before it was left out."""
    sentence, (start, end, word) = wishes.sentence, mention
    before = sentence.before(start)
    if (match := _NOT_TO.search(before)) and _DEPENDS.match(sentence.low, end):
        words = sentence.take((start - len(match.group()), end))
        wishes.assume(f'"{words}" is said of a case alone: each environment comes after the one before it anyway.')
        return False
    if match:
        yet = _YET.match(sentence.low, end)
        _not_to(wishes, word, sentence.take((start - len(match.group()), yet.end() if yet else end)))
        return True
    if (match := _LEFT_OUT.search(before)) or too:
        words = sentence.take_negated(start - (len(match.group()) if match else 0), end)
        if sentence.is_affirmed_twice(start):
            wishes.assume(f'{word} stays: "{words}".')
        else:
            _leave_out(wishes, word, words)
        return True
    return False


def _spoken_of(wishes: Wishes, mention: Mention) -> None:
    """Read an environment that shall be: the only one, one more, or one there is."""
    sentence, (start, end, word) = wishes.sentence, mention
    stages = wishes.stages or list(wishes.usual)
    known, before = resolved(word, stages), sentence.before(start)
    if (match := _ALONE_BEFORE.search(before)) and not _LATER.match(sentence.low, end):
        _only(wishes, known or name_of(word), sentence.take((start - len(match.group()), end)))
    elif _ALONE_AFTER.match(sentence.low, end):
        _only(wishes, known or name_of(word), sentence.take((start, end + len(" only"))))
    elif known is None and len(stages) < _MOST:
        words = sentence.take((start, end))
        wishes.stages = with_one_more(stages, name_of(word))
        wishes.said["environments"] = words
        if not _ADDED.search(before):
            wishes.assume(f"There is an environment {name_of(word)} too, on the way {_way(wishes.stages)}.")
    else:
        sentence.take((start, end))


def finish(wishes: Wishes) -> None:
    """Put together what was said of environments; nothing said means: as the defaults have them."""
    if wishes.stages is None and not wishes.stage_values:
        return
    stages = wishes.stages or list(wishes.usual)
    production = {stage for stage in stages if is_production(stage)}
    if not production and wishes.stages is not None:
        last = stages[-1]
        if rank(last) in {0, 1, 2, 3, 4}:
            wishes.stage_values.setdefault(last, {})["production"] = False
            wishes.assume(f"There is no production: {listed(stages)} is all that the sentence names.")
        else:
            production = {last}
            wishes.assume(f"{last}, the last environment, is taken as production: none says it by its name.")
    for stage in production:
        if wishes.stage_values.get(stage, {}).get("require_approval") is False:
            del wishes.stage_values[stage]["require_approval"]
            wishes.said.pop(f"environments.{stage}.require_approval", None)
            wishes.assume(f"{stage} keeps its approval: no pipeline goes to production without one.")
    wishes.lists["environments"] = [
        {"name": stage, **({"production": True} if stage in production else {}), **wishes.stage_values.get(stage, {})}
        for stage in stages
    ]


def _groups(sentence: Sentence) -> list[list[Mention]]:
    """Return the environments named, those in one list together."""
    groups: list[list[Mention]] = []
    for mention in _mentions(sentence):
        if groups and _joins(sentence.low[groups[-1][-1][1] : mention[0]]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _mentions(sentence: Sentence) -> list[Mention]:
    return [(*found.span(), found.group()) for _, found in sentence.at_words(BY_WORD)]


def _joins(between: str) -> bool:
    return len(between) <= _LONGEST_JOIN and _JOIN.fullmatch(between) is not None


def _settle(wishes: Wishes, names: list[str], words: str) -> None:
    """Keep a list. Production comes last, and eight are the most."""
    if len(names) > _MOST:
        wishes.ask(f"Which eight environments are meant? The sentence names {len(names)}: {words}.")
        return
    if any(is_production(name) for name in names) and not is_production(names[-1]):
        names = in_order(names)
        wishes.assume(f"Production comes last, so the way is {_way(names)}.")
    wishes.stages = names
    wishes.said["environments"] = words


def _leave_out(wishes: Wishes, word: str, words: str) -> None:
    stages = wishes.stages or list(wishes.usual)
    known = resolved(word, stages)
    left = [stage for stage in stages if stage != known]
    if known is None:
        wishes.unchanged(words)
        return
    if not left:
        wishes.ask(f"Where does it go, if not to {known}? No environment is left.")
        return
    wishes.stages = left
    wishes.said["environments"] = words


def _not_to(wishes: Wishes, word: str, words: str) -> None:
    if is_production(word):
        wishes.ask(f'Shall the way end before {word}? It stays with its approval, since "{words}" may mean either.')
    else:
        _leave_out(wishes, word, words)


def _only(wishes: Wishes, name: str, words: str) -> None:
    if wishes.stages is not None and wishes.stages != [name]:
        return
    wishes.stages = [name]
    wishes.said["environments"] = words
    if is_production(name):
        wishes.assume(f"{name} is the only environment: nothing is tried out before it.")


def _way(stages: list[str]) -> str:
    return ", ".join(stages)
