"""Where to deploy to: Cloud Run, GKE, nowhere; other clouds are a question."""

from __future__ import annotations

import re

from penstock.generation.intent.sentence import Sentence
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_RUN = re.compile(r"(?<![a-z0-9-])(?:google )?cloud[ -]?run(?![a-z0-9-])")
_GKE = re.compile(
    r"(?<![a-z0-9-])(?:gke(?: autopilot)?|google kubernetes engine|kubernetes|k8s|kubectl|kustomize|helm)(?![a-z0-9-])"
)
_ENDS = r" *(?:$|[.,;:!?()\n]|(?:and|but|just|so|then|because|since|und|aber|yet|et|mais|y|pero)\b)"
"""What stands behind "no deployment" where it is meant of everything: a place, a time or a condition means a part."""
_DEPENDS = re.compile(
    r"\b(?:if|unless|until|when|whenever|otherwise|else|only after|before|wenn|falls|solange|sonst|bis|si|sauf si|sinon"
    r"|tant que|hasta que|cuando|a menos que)\b"
)
_JUST_BUILD = re.compile(r"build|only|ci|check|test|pull|just|nur|seulement|s[óo]lo")
_ALL = re.compile(r"[.;!?\n]")
_NONE = re.compile(
    r"\b(?:(?:no|without|kein|keine?n?|pas de|sin) cd"
    r"|build(?: and (?:push|test))?[ -]only|only (?:builds?|tests?)(?: (?:it|and (?:push|test)))?(?! (?:on"
    r"|when|if)\b)"
    r"|(?:ci|check|checks|tests?|pull request checks?)[ -]only|only (?:ci|continuous integration)\b|(?:just"
    r"|only) (?:the )?ci\b"
    r"|(?:no|without(?: any)?|don't|do not|never|not|skip|skip the|won't)(?: (?:want|need|do|plan)(?: (?:to|any|a))?)?"
    r" deploy(?:ments?|ing|s|ed)?(?: (?:yet|anything|it|anywhere|needed|steps?|for now|please|at all|this))*"
    rf"(?={_ENDS})"
    r"|nothing (?:should|shall|must|may|will|gets?|is)(?: be| to be)? (?:deployed|released)"
    r"|nur (?:bauen|builden|testen|ci)|seulement (?:le build|construire)|s[óo]lo (?:construir|compilar|probar)"
    r"|(?:(?:ohne|kein|keine) (?:deployments?|bereitstellung|auslieferung)|nicht (?:deployen|ausliefern)"
    r"|sans (?:aucun )?d[ée]ploiement|pas de d[ée]ploiement|ne (?:pas d[ée]ployer|d[ée]ploie pas)"
    r"|sin (?:ning[úu]n )?(?:despliegue|desplegar)|no (?:desplegar|despliegues?))(?: (?:bitte|svp|por favor))?"
    rf"(?={_ENDS}))(?!\w)"
)
_ELSEWHERE = re.compile(
    r"\b(?:aws(?: (?:lambda|ecs|eks|fargate|app runner|elastic beanstalk))?|amazon|lambda|ecs|eks|fargate"
    r"|elastic beanstalk"
    r"|azure(?: (?:functions|app service|container apps))?|aks|heroku|vercel|netlify|fly\.io|digital ?ocean"
    r"|render\.com|openshift"
    r"|app engine|cloud functions?|compute engine|firebase(?: hosting)?|bare metal|cloudflare(?: workers)?"
    r"|alibaba|hetzner)\b"
)
_LEFT = re.compile(
    r"\b(?:away from|from|off|leave|leaving|replace|replacing)"
    r"(?: (?:a|an|any|on|to|for|the|our|use|using|google|deploy|deploying|deployed|run|running))*[ \"']*$"
)
_WHOLLY = re.compile(
    r"(?: (?:please|any ?more|at all|anywhere|clusters?|here|bitte|svp|instead|autopilot|jobs?|services?))*"
    r" *(?:$|[.,;:!?()\n\"']|(?:and|but|just|only|so|then|because|since|use|deploy|we|und|aber|sondern|mais|sino|pero"
    r"|verwenden|nutzen|deployen|ausliefern|benutzen)\b)"
)
"""What stands behind a target that is not wanted; anything else says where or when it is not."""
_STOP = re.compile("releas|only|just|deplo|déplo|despl|bereit|auslief|nur|construi|seulement|s[óo]lo")
_RUNS, _KUBE = re.compile("run"), re.compile("gke|kube|k8s|kustom|helm")
_OTHERS = re.compile(
    "aws|amazon|lambda|e[ck]s|fargate|beanst|azure|aks|heroku|vercel|netlify|fly|ocean|render|openshift|engine|functions?"
    "|firebase|metal|cloudflare|alibaba|hetzner"
)
"""What every fit of the patterns above holds."""
_NAMES = {"cloud-run": "Cloud Run", "gke": "GKE", "none": "no deployment"}


def read(wishes: Wishes) -> None:
    """Read the target. Two of them decide nothing, unless one is said to be left behind."""
    sentence = wishes.sentence
    wanted: dict[str, str] = {}
    unwanted: dict[str, str] = {}
    for target, pattern, near in (("none", _NONE, _STOP), ("cloud-run", _RUN, _RUNS), ("gke", _GKE, _KUBE)):
        for found in sentence.find(pattern, near, negated=True):
            if target == "none" and _conditional(wishes, found):
                continue
            start = _negated_from(sentence, found)
            if target == "none" or start is None:
                wanted.setdefault(target, sentence.take(found))
            elif _WHOLLY.match(sentence.low, found.end()):
                unwanted[target] = sentence.take_negated(start, found.end())
            else:
                wishes.unchanged(sentence.take_negated(start, found.end()))
    _elsewhere(wishes, wanted)
    if not wanted and len(unwanted) == 1:
        target, words = unwanted.popitem()
        other = "gke" if target == "cloud-run" else "cloud-run"
        wishes.set("target", other, words)
        wishes.assume(f'It deploys to {_NAMES[other]}, since the sentence says "{words}".')
    if len(wanted) == 1:
        target, words = wanted.popitem()
        wishes.set("target", target, words)
    elif wanted:
        names = listed([_NAMES[target] for target in wanted])
        wishes.ask(f"The sentence asks for {names}: which is it? Say it with --target (options.target).")


def _conditional(wishes: Wishes, found: re.Match[str]) -> bool:
    """Whether "no deployment" is said of a case alone, in its clause or the ones beside it; then that is asked."""
    sentence = wishes.sentence
    first, last = sentence.clause(found.start())
    if _JUST_BUILD.match(found.group()):
        return False
    beside = sentence.low[sentence.clause(max(0, first - 2))[0] : first] if first else ""
    behind = sentence.low[last + 1 : last + 14] if sentence.low[last : last + 1] == "," else ""
    split = _ALL.search(beside)
    depends = (
        _DEPENDS.search(sentence.low, first, last)
        or (_DEPENDS.search(beside) if split is None else None)
        or _DEPENDS.match(behind.lstrip())
    )
    if depends is None:
        return False
    words = sentence.take(found)
    wishes.assume(f'"{words}" is said of a case alone: what is deployed has been tested, and nothing else changes.')
    return True


def _negated_from(sentence: Sentence, found: re.Match[str]) -> int | None:
    """Return where the words begin that say a place is left or not wanted; None when it is wanted."""
    left = _LEFT.search(sentence.before(found.start(), 60))
    if left is not None:
        return found.start() - len(left.group())
    return found.start() if sentence.is_negated(found.start()) else None


def _elsewhere(wishes: Wishes, wanted: dict[str, str]) -> None:
    sentence = wishes.sentence
    for found in sentence.find(_ELSEWHERE, _OTHERS, negated=True):
        start = _negated_from(sentence, found)
        if start is not None:
            sentence.take_negated(start, found.end())
            continue
        words = sentence.take(found)
        chosen = "" if wanted else " Which of them shall it be?"
        wishes.ask(f"A pipeline deploys to Cloud Run or GKE, not to {words}: nothing was made of that.{chosen}")
