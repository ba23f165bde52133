"""What people type or quote: masked more readily than a file is denied. A mask too many costs a word."""

from __future__ import annotations

import re
from collections.abc import Callable

from penstock.policy.secrets.finding import CREDENTIAL, MARK, TOKEN, mark
from penstock.policy.secrets.formats import PREFIXES
from penstock.policy.secrets.literal_values import is_reference, looks_random
from penstock.policy.secrets.scanner import PROCESS_KEY, redact
from penstock.policy.secrets.wordings import alike, mask_pairs, mask_rests

_FORM = re.compile(
    rf"(?<![0-9A-Za-z])((?:{'|'.join(map(re.escape, PREFIXES))})[0-9A-Za-z_.=/+-]{{8,}}"
    r"|eyJ[0-9A-Za-z_-]{10,}+\.[0-9A-Za-z_-]{10,}+(?:\.[0-9A-Za-z_-]*)?)"
)
"""What begins like a provider's token: its check need not fit, as one letter mistyped or cut off makes it fail."""
_SPOKEN = (
    r"password|passwd|passwort|kennwort|passphrase|passcode|pwd|pw|mot de passe|mdp|contrase(?:ñ|n)a"
    r"|(?<=[_-])pass|(?<![a-z])pass(?=\s*=)"
)
_WORD = (
    rf"(?:{_SPOKEN}|secret|token|credential|clave|schl(?:ü|ue)ssel|api[\s_-]?key|access[\s_-]?key|private[\s_-]?key"
    r"|(?<![a-z])(?:my|our|the|signing|encryption)[\s_-]key|(?<=_)(?:key|salt|dsn|pat))s?(?:_[a-z0-9]{1,12})?"
)
_IS = r"is|was|are|be|to\sbe|ist|lautet|est|es|son|being"
_NAMED = re.compile(
    rf"(?i)(?<![a-z0-9])(?P<name>[a-z0-9_-]{{0,40}}?{_WORD})(?![a-z0-9])"
    rf"(?P<link>\s*[=:]+\s*|\s+(?:{_IS})\s*:?\s+|\s+(?:to|as|auf|à)\s+|\s+)"
    r"(?:\"(?P<dq>[^\"\n«»]{3,200})\"|'(?P<sq>[^'\n«»]{3,200})'|[\"'`]?(?P<value>[^\s\"'`«»]{3,200}))(?P<rest>.?)"
)
_GIVES = re.compile(
    r"(?i)\b(?:use|using|with|set|enter|type|mit|nutze|verwende|avec|utilise|con|usa)(?:\s(?:the|my|our|a|this|its|as|db"
    r"|database|root|admin|user|dem|das|le|la|un|el)){0,3}\s$"
)
"""What stands before a password that is told without "is": use the password ..."""
_SURELY = re.compile(rf"(?i)(?:{_SPOKEN})s?$")
_TOLD_OF = (
    "in from the and or not for via with as at on to by of under inside into out off is are was be has have that"
    " which see look ask lives comes goes gets per no yes needed required necessary stored kept read given taken"
    " used set called named missing optional empty rotated wrong changed reset rotation manager hashing hash"
    " policy policies protection protected auth authentication variable variables env store storage vault file"
    " files prompt field fields generator secret secrets only never always there here mine ours it its this these"
    " those one two both also exposed available created provided hidden masked rotating managed mounted injected"
    " secured encrypted public private safe unknown new old same different nötig nicht im aus vom dem der das die"
    " wird ist dans du des le la les pas en del el necesaria necesario"
)
_NO_VALUE = frozenset(_TOLD_OF.split())
"""Words behind a credential's name that tell of it, and are not its value."""
_LOGIN = re.compile(
    r"(?<![\w/@:])(?P<user>[A-Za-z0-9_.+-]{1,64}):(?P<value>(?!//)[^\s«»]{3,200})@(?!sha(?:256|512):)"
    r"(?=[A-Za-z0-9-]{1,63}(?:[.:/\s,;)]|$))"
)
"""``user:password@host``, without the scheme that would make an address of it."""
_TO_WHOM = frozenset({"mailto", "email", "e-mail", "mail", "to", "cc", "notify", "an", "à", "a", "correo", "courriel"})
_ALONE = re.compile(r"(?<![\w/.@#«:-])[A-Za-z0-9]{16,200}(?![\w/.@»-])")
"""A word that nobody says: what is random among these is masked without a name in front."""
_SHORTEST_ALONE = 6
_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""How variables are named: ``secret: DATABASE_URL`` tells a name, no value."""


def redact_quoted(text: str, *, key: bytes = PROCESS_KEY) -> str:
    """Return a text without secrets, and without anything that has the form of a token, valid or not: for logs."""
    return _outside_marks(redact(text, key=key), lambda part: _FORM.sub(lambda found: mark(TOKEN, found[1], key), part))


def redact_said(text: str, *, key: bytes = PROCESS_KEY) -> str:
    """Return a sentence without secrets, also those that it only tells (``the password is ...``)."""
    said = _said(text, key)
    plain = alike(text)
    if plain == text:
        return said
    read = _said(plain, key)
    return read if read != plain else said


def _said(text: str, key: bytes) -> str:
    steps: tuple[Callable[[str], str], ...] = (
        lambda part: _LOGIN.sub(lambda found: _login(found, key), part),
        lambda part: mask_pairs(part, key, _NO_VALUE),
        lambda part: _told(part, key),
        lambda part: _ALONE.sub(lambda found: _alone(found, key), part),
    )
    said = redact_quoted(text, key=key)
    for step in steps:
        said = _outside_marks(said, step)
    return mask_rests(said)


def _told(part: str, key: bytes) -> str:
    """Mask what is told as the value of a credential; what is no value may be the name of the next one."""
    kept, at = [], 0
    while found := _NAMED.search(part, at):
        group = next(name for name in ("dq", "sq", "value") if found[name] is not None)
        value = found[group] if group != "value" else found[group].rstrip(".,;:!?)")
        if not _is_told(found, value, part[max(0, found.start() - 60) : found.start()]):
            kept.append(part[at : found.end("name")])
            at = found.end("name")
            continue
        kept += [part[at : found.start(group)], mark(CREDENTIAL, value, key)]
        at = found.start(group) + len(value)
    return "".join((*kept, part[at:]))


def _is_told(found: re.Match[str], value: str, before: str) -> bool:
    """Say whether the word is meant as the secret: assigned, said at the end of a clause, or no word at all."""
    if not value or is_reference(value) or _NAME.fullmatch(value):
        return False
    link = found["link"].strip().lower()
    opaque = len(value) >= _SHORTEST_ALONE and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    if opaque or "=" in link:
        return True
    if value.lower() in _NO_VALUE:
        return False
    surely = _SURELY.search(found["name"]) is not None
    if surely and found["value"] is None:
        return True
    if link.rstrip(":") in {"to", "as", "auf", "à", ""} and ":" not in link:
        return surely and bool(_GIVES.search(before)) and _NAMED.match(value + " x") is None
    return surely or _ends(found, value)


def _ends(found: re.Match[str], value: str) -> bool:
    return found["value"] is None or found["rest"] != " " or len(found["value"]) > len(value)


def _login(found: re.Match[str], key: bytes) -> str:
    if found["user"].lower() in _TO_WHOM:
        return found[0]
    return f"{found['user']}:{mark(CREDENTIAL, found['value'], key)}@"


def _alone(found: re.Match[str], key: bytes) -> str:
    value = found[0]
    kinds = (any(c.islower() for c in value), any(c.isupper() for c in value), sum(c.isdigit() for c in value) > 1)
    return mark(CREDENTIAL, value, key) if all(kinds) and looks_random(value) else value


def _outside_marks(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if MARK.fullmatch(part) else change(part) for part in MARK.split(text))
