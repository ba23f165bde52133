"""Where to deploy to: Cloud Run, GKE, nowhere; other clouds are a question."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_RUN = re.compile(r"(?<![a-z0-9-])(?:google )?cloud[ -]?run(?![a-z0-9-])")
_GKE = re.compile(
    r"(?<![a-z0-9-])(?:gke(?: autopilot)?|google kubernetes engine|kubernetes|k8s|kubectl|kustomize|helm)(?![a-z0-9-])"
)
_NONE = re.compile(
    r"\b(?:(?:no|without|kein|keine?n?|pas de|sin) cd"
    r"|build(?: and (?:push|test))?[ -]only|only (?:builds?|tests?)(?: (?:it|and (?:push|test)))?(?! (?:on"
    r"|when|if)\b)"
    r"|(?:ci|check|checks|tests?|pull request checks?)[ -]only|only (?:ci|continuous integration)\b|(?:just"
    r"|only) (?:the )?ci\b"
    r"|(?:no|without(?: any)?|don't|do not|never|not|skip|skip the|won't)"
    r" deploy(?:ments?|ing|s|ed)?(?! (?:on|to|from|without|before|until|unless|if|when|during|at|in|while"
    r"|tools?|approvals?)\b)"
    r"(?: (?:yet|anything|it|anywhere|needed|step|for now))?"
    r"|(?:ohne|kein|keine) (?:deployments?|bereitstellung|auslieferung)|nur (?:bauen|builden|testen|ci)"
    r"|nicht (?:deployen|ausliefern)"
    r"|sans (?:aucun )?d[ée]ploiement|pas de d[ée]ploiement|ne (?:pas d[ée]ployer|d[ée]ploie pas)"
    r"|seulement (?:le build|construire)"
    r"|sin (?:ning[úu]n )?(?:despliegue|desplegar)|no (?:desplegar|despliegues?)|s[óo]lo (?:construir|compilar"
    r"|probar))(?!\w)"
)
_ELSEWHERE = re.compile(
    r"\b(?:aws(?: (?:lambda|ecs|eks|fargate|app runner|elastic beanstalk))?|amazon|lambda|ecs|eks|fargate"
    r"|elastic beanstalk"
    r"|azure(?: (?:functions|app service|container apps))?|aks|heroku|vercel|netlify|fly\.io|digital ?ocean"
    r"|render\.com|openshift"
    r"|app engine|cloud functions?|compute engine|firebase(?: hosting)?|bare metal|cloudflare(?: workers)?"
    r"|alibaba|hetzner)\b"
)
_NEGATED = re.compile(
    r"\b(?:not|no|without|never|don't|isn't|instead of|rather than|away from|from|off|leave|leaving|replace|replacing"
    r"|nicht|kein|ohne|statt|pas|sans|sin|en lugar de|au lieu de)"
    r"(?: (?:a|an|any|on|to|for|the|our|use|using|want|need|google|auf|nach|sur|de|en|deploy|deploying|deployed"
    r"|run|running))*[ \"']*$"
)
_STOP = re.compile("only|just|deplo|déplo|despl|bereit|auslief|nur|construi|seulement|s[óo]lo")
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
        for found in sentence.find(pattern, near):
            if target == "none" or not _NEGATED.search(sentence.before(found.start(), 60)):
                wanted.setdefault(target, sentence.take(found))
            else:
                left = _NEGATED.search(sentence.before(found.start(), 60))
                length = len(left.group()) if left else 0
                unwanted[target] = sentence.take((found.start() - length, found.end()))
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


def _elsewhere(wishes: Wishes, wanted: dict[str, str]) -> None:
    sentence = wishes.sentence
    for found in sentence.find(_ELSEWHERE, _OTHERS):
        negated = _NEGATED.search(sentence.before(found.start(), 60))
        if negated:
            sentence.take((found.start() - len(negated.group()), found.end()))
            continue
        words = sentence.take(found)
        chosen = "" if wanted else " Which of them shall it be?"
        wishes.ask(f"A pipeline deploys to Cloud Run or GKE, not to {words}: nothing was made of that.{chosen}")
