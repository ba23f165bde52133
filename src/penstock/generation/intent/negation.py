"""Which parts of a sentence are negated: words behind "not", "without", "anywhere but"; words before "is not needed".

A negation governs a part of its clause. One that turns another around (never skip, not without) gives the part back.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PLAIN = (
    r"no(?! (?:more|fewer|less|later|earlier|matter|problem|longer|doubt|downtime|hurry|(?:[st]e )?olvid\w*)\b)"
    r"|(?:(?:do|does|did|should|must|will|can|could|would|is|are) )?not"
    r"(?! (?:only|just|merely|more|less|fewer|later|sure|without|forget|hesitate|worry)\b)|no longer|cannot"
    r"|never(?! (?:more|forget)\b)|nowhere|nothing|nobody|no one|none|neither|nor"
    r"|(?:do|does|did|is|are|was|were|wo|would|should|could|ca|ha|have|has|must|need|sha)n'?t"
    r"(?! (?:only|just|forget|hesitate|worry)\b)"
    r"|kein(?:e[nmrs]?)?|(?<!vergiss )nicht(?! (?:nur|mehr als|vergessen)\b)|nie|niemals|weder|keinesfalls"
    r"|(?<!n'oublie )(?<!n'oubliez )pas(?! (?:seulement|oublier)\b)|jamais|aucune?|ni|nunca|jamás|tampoco"
    r"|ning[uú]n[ao]?|nada de"
)
"""What negates plainly: two of them in one clause still negate once."""
_TURNING = (
    r"(?P<bare>without|ohne|sans|sin)"
    r"|(?:anywhere|everywhere|anything|everything|nowhere|nothing|all|any|(?:any|all|every)[ -](?:where|regions?)"
    r"|(?:any|every) other regions?) (?:but|except)|except(?: for)?|other than|outside(?: of)?|apart from"
    r"|(?P<other>instead of|rather than|in place of|avoid(?:s|ing)?|replac(?:e|es|ing)|forget about"
    r"|statt|anstatt|anstelle von|vermeide\w*|au lieu d[eu']|plutôt que|évite\w*|en lugar de|en vez de|evita\w*)"
    r"|au(?:ß|ss)er|sauf|hormis|excepté|excepto|salvo|menos en"
    r"|skip(?:s|ping)?|drop(?:s|ping)?|remov(?:e|es|ing)|disabl(?:e|es|ing)|delet(?:e|es|ing)"
    r"|stops?(?= (?:using|sending|deploying|notifying|running|the|all|any)\b)|turn(?:ing)? off|switch(?:ing)? off"
    r"|leav(?:e|ing) out|unset|get rid of|refrain from|überspring\w*|entfern\w*|deaktivier\w*|weglassen|auslassen"
    r"|saute[rz]?|supprime\w*|retire[rz]?|désactive\w*|enlève\w*|omet\w*|omit\w*|salta\w*|elimina\w*|quita\w*"
    r"|desactiva\w*"
)
"""What leaves out: behind a plain negation it means the opposite."""
_INSTEAD = re.compile(r"instead|rather|in place|replac|statt|anst|au lieu|plut|en lugar|en vez")
_CUE = re.compile(rf"(?<![\w-])(?:(?P<turning>{_TURNING})|{_PLAIN})(?![\w-])|\bn(?:e |')[\wàéèê]+ plus\b")
_VERBS = (
    r"uses?|deploys?|runs?|sets?|adds?|notify|notifies|sends?|releases?|needs?|listens?|ships?|push(?:es)?|keeps?"
    r"|makes?|builds?|tell|alert|requires?|wants?|hosts?|puts?|scales?|takes?|choose|skip|go|expose|create|please|start"
    r"|verwende\w*|nutze?n?|deploye?n?|setze?n?|benachrichtige|braucht?|brauchen|läuft|nimm"
    r"|utilise[rz]?|déploie\w*|déployer|ajoute[rz]?|mets|mettre|préviens|nécessite|a besoin"
    r"|usa[r]?|despliega|desplegar|añade|pon|avisa|necesita|ejecuta"
)
_SUBJECTS = r"(?: (?:then|also|please|just|only|instead|we|it|i|you|to|must|should|does|do|rather|dann|puis|luego))*"
NEXT_VERB = re.compile(rf" (?:and|und|et|y|e|then|dann|puis|luego){_SUBJECTS} (?:{_VERBS})\b")
_OTHER_VERB = re.compile(rf"{_SUBJECTS} (?:{_VERBS})\b")
_REPLACED = re.compile(r" (?:with|by)\b")
"""Behind "instead of X": use Y."""
_TURN = re.compile(
    r"(?<!anywhere)(?<!nothing)(?<!nowhere)(?<!anything)(?<!everywhere)(?<!everything)(?<!regions)(?<!region) but\b"
    r"| (?:however|instead|sondern|aber|mais|sino|pero|until|unless|because|since|so that|as long as|bevor|bis|solange"
    r"|weil|jusqu'|tant que|car|hasta que|porque)\b"
)
_PREPOSITION = re.compile(
    r" (?:to|in|on|into|onto|with|at|for|from|via|nach|auf|mit|für|bei|im|à|sur|avec|pour|dans|en|con|para|hacia)\b"
)
_TELLING = re.compile(r"notif|benach|alert|messag|mail|chat|slack|access|avis|announce|inform|prév|tell|send")
"""Nouns that are told or go somewhere: a preposition behind them belongs to them."""
_AHEAD = re.compile(r"\bn(?:e |')(?:[\wàéèê]+ )?$")
_LONGEST_AHEAD = 30
"""The other half of a French negation."""
_RELEASE = re.compile(
    r"(?: (?:ever|want|to|we|you|just|simply))* (?:deploy|releas|ship|promot|push|roll|deploie|déploi|despl)[a-zàéèê]*"
)
_ONLY_IF = re.compile(
    r" (?:without|unless|until|before|if|when|while|ohne|bis|bevor|wenn|sans|avant|si|tant que|sin|hasta|cuando)\b"
)
_UNTIL = re.compile(r" (?:until|unless|before|bis|bevor|avant|tant|hasta)")
_ITEM = r"[\"'`]?[\w#./-]+(?: [0-9][\w.]*)?[\"'`]?"
_MORE = re.compile(
    rf"(?:(?:, *{_ITEM})*,? *(?:or|nor|oder|noch|ou|ni|o) {_ITEM}"
    r"|(?:, *[a-z0-9]+_\w+)*,? *(?:and|und|et|y) [a-z0-9]+_\w+)(?= *(?:$|[.,;:!?)\n]| but\b))"
)
"""The rest of a list that begins before a comma: not A, B or C."""
_USED = (
    r"(?:needed|required|necessary|wanted|used|allowed|permitted|desired|supported|relevant|ours|an option"
    r"|the (?:right |real |correct )?(?:project|region|branch|port|cluster|target|one|service))"
)
_BEHIND = re.compile(
    rf"\b(?:(?:(?P<one>is|was)|are|were) (?:not|no longer|never)|(?:is|are|was|were)n'?t|no longer|not)"
    rf"(?: (?:really|actually|be|being|longer|to be))*"
    rf" {_USED}\b|\b(?:should|must|shall|may|can|will|do)(?: ?n't| not| never) be\b(?: [a-zàéèêäöüß]+)?"
    r"|\b(?:nicht|nie|niemals|keinesfalls)(?: (?:mehr |zu )?[a-zäöüß]+(?:en|t|ig))?(?: werden)?(?= *$)"
    r"|\b(?:n'est|n'es|ne sont|n'était) (?:pas|plus)\b(?: [a-zàéèê]+)?"
    r"|\bno (?:es|son|hace|se) (?:necesari|falta|us|neces|requier)\w*"
)
_LAST_VERB = re.compile(r"\b(?:überspringen|weglassen|auslassen|entfernen|deaktivieren|vermeiden)(?= *$)")
"""A negation of what stands before it."""
_NEW_SUBJECT = re.compile(r".* (?:and|und|et|y|but|aber|mais|pero|sondern|sino) ", re.DOTALL)
_CONTRAST = re.compile(r".* (?:but|aber|mais|pero|sondern|sino) ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Negated:
    """A negated part, from ``start`` to ``end``; its negation begins at ``cue``.

    ``turns``: it turns another around. ``instead``: something else is said to be wanted in its place.
    """

    cue: int
    start: int
    end: int
    turns: bool = False
    instead: bool = False


def negated_parts(low: str, breaks: Sequence[int]) -> tuple[Negated, ...]:
    """Return what the negations of a text in small letters govern; ``breaks`` are the ends of its clauses."""
    parts: list[Negated] = []
    for found in _CUE.finditer(low):
        index = bisect_left(breaks, found.start())
        last = breaks[index] if index < len(breaks) else len(low)
        turns = found["turning"] is not None
        instead = _INSTEAD.match(found.group()) is not None
        start = found.end() if turns else _start(low, found.end(), last)
        ahead = _AHEAD.search(low, max(0, found.start() - _LONGEST_AHEAD), found.start())
        cue = ahead.start() if ahead else found.start()
        parts.append(Negated(cue, start, _end(low, found, last), turns, instead))
    return (*parts, *_before(low, breaks))


def _start(low: str, start: int, last: int) -> int:
    """Return where what is negated begins: "never deploy to X without Y" wants X, and "until Y" negates nothing."""
    release = _RELEASE.match(low, start, last)
    only_if = _ONLY_IF.search(low, release.end(), last) if release else None
    if only_if is None:
        return start
    return last if _UNTIL.match(only_if.group()) else only_if.start()


def _end(low: str, found: re.Match[str], last: int) -> int:
    """Return where what a negation governs ends: with its clause, or where a new thought begins."""
    start, ends = found.end(), [last]
    only_if = _start(low, start, last)
    more = _MORE.match(low, last)
    if more is not None and start < last:
        ends = [more.end()]
    ends += [each.start() for pattern in (_TURN, NEXT_VERB) if (each := pattern.search(low, only_if + 1, last))]
    if found["other"]:
        direct = _OTHER_VERB.match(low, start, last)
        pattern = _REPLACED if found.group().startswith("replac") else _OTHER_VERB
        other = pattern.search(low, direct.end() if direct else start + 1, last)
        ends += [other.start()] if other else []
    if found["bare"]:
        behind = _PREPOSITION.search(low, start + 1, last)
        ends += [behind.start()] if behind and not _TELLING.search(low, start, behind.start()) else []
    return min(ends)


def _before(low: str, breaks: Sequence[int]) -> Iterator[Negated]:
    first = 0
    for last in breaks:
        clause = low[first:last]
        for pattern in (_BEHIND, _LAST_VERB):
            for found in pattern.finditer(clause):
                one = pattern is _BEHIND and found["one"] is not None
                begin = (_NEW_SUBJECT if one else _CONTRAST).match(clause, 0, found.start())
                start = first + (begin.end() if begin else 0)
                yield Negated(start, start, first + found.end(), pattern is _LAST_VERB)
        first = last + 1
