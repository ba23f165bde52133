"""Who may call the service: everybody, or only what is allowed to."""

from __future__ import annotations

import re

from penstock.generation.intent.scope import services_for
from penstock.generation.intent.wishes import Wishes

_PUBLIC = re.compile(
    r"\b(?:public(?:ly)?(?: (?:accessible|available|reachable|facing|access|url|endpoint))?(?: (?:on|to|from"
    r"|over) the (?:internet|web))?"
    r"(?! (?:repo|repository|registry|package|key|cloud|holiday|ip|image|api key|folder|dir))"
    r"|allow[ -]unauthenticated(?: (?:access|requests|traffic))?"
    r"|expos(?:e|es|ed|ing)(?: (?:it|this|the (?:service|api|app)))?"
    r" (?:to|on) (?:the )?(?:internet|public|web|world|outside)"
    r"|unauthenticated (?:access|requests|traffic)|(?:open|exposed|reachable|accessible|available) (?:to|from"
    r"|on) (?:the |everyone|everybody|anyone|all)?(?:internet|public|web|world)?"
    r"|öffentlich(?: (?:erreichbar|zugänglich))?|publique(?:ment)?(?: accessible)?|público|pública"
    r"|accessible depuis internet)(?![\w-])"
)
_PRIVATE = re.compile(
    r"\b(?:private(?:ly)?(?! (?:repo|repository|registry|package|key|npm|pool|worker|ip|packages|dependency"
    r"|dependencies|module|modules))"
    r"|internal(?:ly)?(?: (?:only|traffic|access|service|api))?(?: only)?|(?:require|requires|with|needs"
    r"|only) (?:iam |google )?authenticat(?:ion|ed)(?: (?:requests|access|callers|users|only))*"
    r"|not (?:be )?(?:exposed|open|reachable|accessible|available)(?: (?:to|from|on) (?:the )?(?:internet"
    r"|public|outside|world))?|behind (?:iam|authentication)"
    r"|nicht öffentlich|nur intern|privé|interne|privado|interno)(?![\w-])"
)
_CLOSED = re.compile("privat|priv|intern|authent|expos|not |behind|nicht")
_OPEN = re.compile("publi|públic|internet|unauth|expos|open|reach|avail|access|öffentlich")


def read(wishes: Wishes) -> None:
    """Read who may call; saying both of one service is a question."""
    sentence = wishes.sentence
    if not sentence.any(
        "public",
        "private",
        "internal",
        "authentic",
        "internet",
        "world",
        "expose",
        "öffentlich",
        "intern",
        "públic",
        "priv",
    ):
        return
    for pattern, near, public in ((_PRIVATE, _CLOSED, False), (_PUBLIC, _OPEN, True)):
        for found in sentence.find(pattern, near, negated=True):
            if found.group().endswith((" to ", " from ", " on ")):
                continue
            negated = sentence.is_negated(found.start())
            words = sentence.take_negated(*found.span())
            for name in services_for(wishes, found.start(), found.end()):
                wishes.of_service(name, "public", public is not negated, words)
