"""The port a service listens on and the path it answers probes at."""

from __future__ import annotations

import re

from penstock.generation.intent.scope import services_for
from penstock.generation.intent.wishes import Wishes

_MOST = 65_535
_PORT = re.compile(
    r"(?<![\w-])(?:ports?(?: number)?|puerto|(?:listen(?:s|ing)?|lauscht|hört|écoute|escucha)(?: (?:on|auf|sur"
    r"|en))?)(?: (?:is|port|on|nummer|numéro|the|el|le)|:|=)*"
    r"\s?(?:(?:[0-9.]{7,15}|localhost|\*):)?:?([0-9]{1,9})(?![\w%.]\w)"
)
_NEXT = re.compile(r"(?:,|,? (?:and|und|et|y)) ([0-9]{1,9})(?=,? (?:for|für|pour|para|in|on) )")
_LISTENS, _SLASH = re.compile("port|puerto|listen|lauscht|hört|écoute|escucha"), re.compile("/")
_LINKED = re.compile(r" (?:for|für|pour|para|in|on|the|service|[a-z][a-z0-9-]{0,62})(?![\w-])")
_PATH = r"[\"'`]?(/[a-z0-9._~/-]{1,100})(?<![./])[\"'`]?"
_HEALTH = re.compile(
    r"\b(?:health\w*|liveness|readiness|probes?|gesundheits\w*|santé|salud)(?:[ -](?:check|checks|endpoint|path"
    r"|url|route|probe|probes|is|at|on|under"
    rf"|answers|go|goes|hit|hits|call|uses|via|auf|unter|sur|en|from|with|the|against|to))*:? {_PATH}"
)
_BEHIND = re.compile(
    rf"(?<![\w/:]){_PATH}(?: (?:is|as|for|the|a|our|its|endpoint|als|comme|como))* (?:health\w*|liveness|readiness)"
    r"(?:[ -](?:check|checks|endpoint|path|route|probe|probes))?\b"
)


def read(wishes: Wishes) -> None:
    """Read ports and health paths."""
    sentence = wishes.sentence
    if sentence.any("port", "puerto", "listen", "lauscht", "hört", "écoute", "escucha"):
        for found in sentence.find(_PORT, _LISTENS):
            _port(wishes, found)
            behind = _behind(wishes, found.end())
            while wishes.several and behind is not None:
                _port(wishes, behind)
                behind = _behind(wishes, behind.end())
    if sentence.any("/"):
        for pattern in (_HEALTH, _BEHIND):
            for found in sentence.find(pattern, _SLASH, 110):
                path = sentence.original(found, 1)
                if "//" in path:
                    continue
                words = sentence.take(found)
                for name in _of(wishes, found):
                    wishes.of_service(name, "health_path", path, words)


def _port(wishes: Wishes, found: re.Match[str]) -> None:
    words, port = wishes.sentence.take(found), int(found.group(1))
    if not 0 < port <= _MOST:
        wishes.ask(f"Which port is meant by {words}? A port is a number from 1 to {_MOST}.")
        return
    for name in _of(wishes, found):
        wishes.of_service(name, "port", port, words)


def _behind(wishes: Wishes, end: int) -> re.Match[str] | None:
    """Return the next port of a list like 3000 for web and 8080 for api."""
    first = end
    for _ in range(4):
        found = _NEXT.match(wishes.sentence.low, first)
        if found is not None:
            return found
        word = _LINKED.match(wishes.sentence.low, first)
        if word is None:
            return None
        first = word.end()
    return None


def _of(wishes: Wishes, found: re.Match[str]) -> tuple[str, ...]:
    chosen = services_for(wishes, found.start(), found.end(), otherwise=())
    if chosen:
        return chosen
    wishes.assume(f'"{wishes.sentence.shown(*found.span())}" is said of {wishes.main}, the main service.')
    return (wishes.main,)
