"""Who is told of builds and releases: Slack, e-mail, Google Chat, Pub/Sub, a webhook."""

from __future__ import annotations

import re

from penstock.generation.intent.wishes import Wishes

_CHANNELS = (
    ("slack", re.compile(r"\bslack\b")),
    ("chat", re.compile(r"\bgoogle chat\b|\bhangouts\b")),
    ("email", re.compile(r"\be-?mails?\b|\bmail\b|\bcorreo(?: electrónico)?\b|\bcourriel\b")),
    ("pubsub", re.compile(r"\bpub[/-]?sub\b")),
    ("webhook", re.compile(r"\bwebhooks?\b")),
)
_UNKNOWN = re.compile(
    r"\b(?:microsoft teams|ms teams|teams channel|discord|pagerduty|opsgenie|telegram|whatsapp|sms|mattermost|jira)\b"
)
_ADDRESS = re.compile(
    r"(?<![\w.+@-])[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,62}){1,4}(?![\w@])"
)
_ROOM = re.compile(r"(?<![\w#&/])#[a-z][a-z0-9_-]{1,79}\b")
_TELLS = re.compile(
    r"\b(?:notif\w*|alert(?:s|ed)?|inform(?:s|ed)?|tell|ping|message(?:s|d)?|post(?:s|ed)?|announce\w*"
    r"|send(?:s)?|benachrichtig\w*|melde\w*|informier\w*"
    r"|préviens|prévenir|avertis\w*|notifie\w*|avisa\w*|avisar|notifica\w*|channel|kanal|canal)\b"
)
_WANTS = re.compile(r"\b(?:notif\w*|alert (?:us|me|the)|inform (?:us|me|the)|benachrichtig\w*|avertis\w*|avisa\w*)\b")
_FAILS = re.compile(
    r"\b(?:(?:on |for )?(?:build |deploy |deployment )?(?:fail(?:s|ed|ing|ure|ures)?|errors?|broken|breaks?"
    r"|goes wrong|red)|fehlschl\w*|fehler\w*|schlägt\b[^,.;]{0,20}\bfehl"
    r"|échou\w*|échecs?|fall[ae]\w*|fallos?|fallan?)(?: (?:builds?|deploys?|deployments?|releases?|pipelines?))?\b"
)
_SUCCEEDS = re.compile(
    r"\b(?:on |for )?(?:success\w*|succeed(?:s|ed)?|passes|(?:has |is |was )?(?:deployed|released|done|finished"
    r"|shipped|live)|(?:after|on) (?:every |each )?(?:deploy(?:ment)?|release)s?"
    r"|erfolg\w*|succès|réussi\w*|éxito)\b"
)
_ALWAYS = re.compile(
    r"\b(?:(?:on|about|of|for|after) )?(?:always|every (?:build|run|pipeline)|each (?:build|run|pipeline)"
    r"|all builds|immer|toujours|siempre)\b"
)
_HASH, _AT = re.compile("#"), re.compile("@")
_WANT = re.compile("notif|alert|inform|benach|avert|avis")
_PARTS = {
    "slack": ("slack",),
    "chat": ("chat", "hangouts"),
    "email": ("mail", "correo", "courriel"),
    "pubsub": ("sub",),
    "webhook": ("webhook",),
}
_UNLESS = re.compile(r"\b(?:unless|es sei denn|à moins|a menos)\b")
_TO_WHOM = frozenset({"mailto:", "email:", "e-mail:", "mail:", "to:", "notify:", "cc:", "an:", "à:", "a:", "correo:"})
_TO = re.compile(r"[#a-z0-9._@+-]{1,100}")


def read(wishes: Wishes) -> None:
    """Read notifications. Without a word on when, failures are told."""
    named = _named(wishes)
    _unknown(wishes)
    for channel, to, at in named:
        _tell(wishes, channel, to, at)
    if not named:
        for found in wishes.sentence.find(_WANTS, _WANT):
            words = wishes.sentence.take(found)
            _when(wishes, found.start())
            wishes.ask(f'Where shall it be told ("{words}")? Name a Slack channel or an e-mail address.')


def _named(wishes: Wishes) -> list[tuple[str, str | None, int]]:
    """Return the channels named, with the room or address and the place in the sentence."""
    sentence = wishes.sentence
    named: list[tuple[str, str | None, int]] = []
    for room in sentence.find(_ROOM, _HASH):
        named.append(("slack", sentence.original(room), room.start()))
        sentence.take(room)
    for address in sentence.find(_ADDRESS, _AT):
        if _is_account(address.group()) or _holds_password(sentence.low, address.start()):
            continue
        named.append(("email", sentence.original(address), address.start()))
        sentence.take(address)
    for channel, pattern in _CHANNELS:
        if not sentence.any(*_PARTS[channel]):
            continue
        for found in sentence.find(pattern):
            if channel in {"pubsub", "webhook", "email"} and not _is_notice(wishes, found.start()):
                continue
            sentence.take(found)
            if all(known[0] != channel for known in named):
                named.append((channel, None, found.start()))
    return named


def _unknown(wishes: Wishes) -> None:
    sentence = wishes.sentence
    if sentence.any("teams", "discord", "pagerduty", "opsgenie", "telegram", "whatsapp", "sms", "mattermost", "jira"):
        for found in sentence.find(_UNKNOWN):
            words = sentence.take(found)
            _when(wishes, found.start())
            wishes.ask(
                f"Where else shall it be told? {words} is no channel known here: Slack, e-mail, Google Chat,"
                f" Pub/Sub or a webhook are."
            )


def _tell(wishes: Wishes, channel: str, to: str | None, at: int) -> None:
    sentence = wishes.sentence
    first, last = sentence.clause(at)
    when = _when(wishes, at)
    entry: dict[str, str] = {"channel": channel}
    if when:
        entry["on"] = when
    else:
        wishes.assume("Failures are told and successes not: the sentence does not say when.")
    if to is not None and _TO.fullmatch(to.lower()):
        entry["to"] = to
    wishes.add("notifications", entry, sentence.shown(first, last).strip(" ,.;:"))


def _when(wishes: Wishes, at: int) -> str | None:
    """Return of what is told, and take the words that say so."""
    sentence = wishes.sentence
    first, last = sentence.clause(at)
    said = set()
    for name, pattern in (("failure", _FAILS), ("success", _SUCCEEDS), ("always", _ALWAYS)):
        for found in pattern.finditer(sentence.low, first, last):
            if not sentence.is_negated(found.start()) and not _UNLESS.search(sentence.before(found.start())):
                said.add(name)
            sentence.take_negated(*found.span())
    for found in _TELLS.finditer(sentence.low, first, last):
        sentence.take(found)
    if len(said) > 1:
        return "always"
    return said.pop() if said else None


def _is_notice(wishes: Wishes, at: int) -> bool:
    first, last = wishes.sentence.clause(at)
    low = wishes.sentence.low
    return (
        any(pattern.search(low, first, last) for pattern in (_TELLS, _FAILS))
        or re.match(r"\W{0,3}e-?mail", low[first:]) is not None
    )


def _holds_password(low: str, start: int) -> bool:
    """Whether an address is the end of ``user:password@host``."""
    before = low[low.rfind(" ", 0, start) + 1 : start]
    return ":" in before and before.strip("\"'`(<") not in _TO_WHOM


def _is_account(address: str) -> bool:
    return address.endswith(".gserviceaccount.com")
