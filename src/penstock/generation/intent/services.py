"""Of several services, the one the pipeline is for."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_NAME = r"[\"'`]?([a-z][a-z0-9-]{0,62})[\"'`]?(?![\w-])"
_ONLY = re.compile(
    rf"\b(?:only|just|nur|seulement|uniquement|s[óo]lo|solamente)(?: (?:deploy|build|for|the|service|generate"
    rf"|create|a|pipeline|für|den|die|das|dienst|pour|le|la|para|el|servicio))* {_NAME}"
    r"(?: (?:service|app|application|api|backend|frontend|dienst|servicio))?"
)
_BEHIND = re.compile(rf"\b(?:the )?{_NAME}(?: (?:service|app|dienst|servicio))? only\b")
_FOR = re.compile(
    rf"\b(?:pipelines?|ci/?cd|cicd|workflow|delivery|deployment)(?: (?:pipeline|setup|workflow"
    rf"|pipelines))? (?:for|of|für|pour|para|de) (?:the |our |my |den |le |la |el )?{_NAME}"
    r"(?: (?:service|app|application|api|backend|frontend|component|dienst|servicio))?"
)
_UNKNOWN = re.compile(
    r"\b(?:only|just|nur|s[óo]lo|seulement)(?: (?:for|deploy|build))?(?: (?:the|le|el"
    r"|den))? [\"'`]?([a-z][a-z0-9-]{1,62})[\"'`]?[ -](?:service|microservice|app|dienst|servicio)\b"
)
_ALONE = re.compile("only|just|nur|seulement|uniquement|s[óo]lo|solamente")
_WHOLE = re.compile("pipeline|ci/?cd|workflow|delivery|deployment")
_OF_SOMETHING = re.compile(r"\b(?:lint\w*|tests?|run|ports?|memory|instances?|canary|public)\b[^.;]{0,20}$")
_NEXT = re.compile(rf"(?:,| and| und| et| y)+ (?:the )?{_NAME}")
_KINDS = frozenset(["one", "this", "main", "first", "whole", "entire", "cloud", "run", "web", "backend", "frontend"])


def read(wishes: Wishes) -> None:
    """Read which service is meant; one that is not there is a question."""
    sentence = wishes.sentence
    for pattern in (_ONLY, _BEHIND):
        for found in sentence.find(pattern, _ALONE, 80):
            if sentence.before(found.start()).endswith(("not ", "nicht ", "pas ", "no ")):
                continue
            if found.group(1) in wishes.names and not _OF_SOMETHING.search(sentence.before(found.start())):
                words = sentence.take(found)
                if wishes.several:
                    wishes.set("only_service", found.group(1), words)
    _alone(wishes)
    for found in sentence.find(_UNKNOWN, _ALONE, 80):
        if found.group(1) not in wishes.names and found.group(1) not in _KINDS:
            words = sentence.take(found)
            wishes.ask(f'Which service is meant by "{words}"? The repository has {listed(list(wishes.names))}.')
    only = wishes.single.get("only_service")
    if isinstance(only, str):
        wishes.names, wishes.main = {only: wishes.names[only]}, only


def _alone(wishes: Wishes) -> None:
    """Read a pipeline for one service, where the sentence names no other."""
    sentence = wishes.sentence
    named = {found.group(1) for found in sentence.find(_FOR, _WHOLE, 80) if found.group(1) in wishes.names}
    if wishes.several and len(named) == 1 and "only_service" not in wishes.single:
        for found in sentence.find(_FOR, _WHOLE, 80):
            if found.group(1) in named and not _goes_on(wishes, found.end()):
                words = sentence.take(found)
                wishes.set("only_service", found.group(1), words)
                others = listed([name for name in wishes.names if name not in named])
                wishes.assume(
                    f"The pipeline is for {found.group(1)} alone, without {others}: the sentence names no other"
                    f" service."
                )


def _goes_on(wishes: Wishes, end: int) -> bool:
    """Whether another service follows: the pipeline is for both."""
    follows = _NEXT.match(wishes.sentence.low, end)
    return follows is not None and follows.group(1) in wishes.names
