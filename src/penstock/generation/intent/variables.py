"""Variables of the running service: secrets by name, plain ones with their value. A credential is never a value."""

from __future__ import annotations

import re

from penstock.generation.intent.scope import services_for
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import listed

_VALUE = r"(\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'|`[^`\n]{0,200}`|[^\s,;]{1,300})"
_ASSIGNED = re.compile(rf"(?<![\w.$%/-])([A-Za-z_][A-Za-z0-9_]{{0,63}})\s?=\s?{_VALUE}")
_SET_TO = re.compile(
    rf"\b(?i:set|sets|setze|setz|définis|pon|with|mit|avec|con)(?i: (?:the|env|environment|variable|var|die"
    rf"|la))* ([A-Z][A-Z0-9_]{{1,63}}) (?i:to|auf|à|a|as) {_VALUE}"
)
_SHOULD_BE = re.compile(
    rf"(?<![\w$./=%-])([A-Z][A-Z0-9]{{0,40}}(?:_[A-Z0-9]{{1,40}}){{1,8}}) "
    rf"(?:should|must|shall|has to) be (?:set to )?{_VALUE}"
)
_NAMED = re.compile(r"(?<![\w$./=%-])[A-Z][A-Z0-9]{0,40}(?:_[A-Z0-9]{1,40}){1,8}(?![\w-])")
_SHORT = re.compile(
    r"\b(?i:secrets?|env(?:ironment)? var(?:iable)?s?|variables?)(?i: (?:called|named|namens|nommée?"
    r"|llamad[oa]))?:? ([A-Z][A-Z0-9]{2,40})(?![\w-])"
)
_AT_BUILD = re.compile(
    r"[\s,]{0,2}(?:at|during|for|in|im|beim|pendant|durante) (?:the |der |le |la )?(?:build(?:s|[ -]?time)?"
    r"|install\w*|compilation)\b"
)
_SECRET_WORD = re.compile(r"\b(?:secrets?|credentials?|geheimnis\w*|secretos?|passw\w+|api keys?|tokens?)\b")
_SAYS_SECRET = re.compile(
    r"SECRET|PASSW(?:OR)?D|PASSPHRASE|(?:^|_)(?:PASS|PWD|DSN|SALT|KEY|PAT)$|TOKEN|API_?KEY|CREDENTIAL"
    r"|CONNECTION_?STRING|(?:^|_)KEY_"
    r"|(?:DATABASE|POSTGRES\w*|MYSQL|MONGO\w*|REDIS|AMQP|RABBITMQ|DB)_(?:URL|URI)$|WEBHOOK"
)
_SAYS_PLAIN = re.compile(
    r"PUBLIC|EXPIR|_(?:TTL|FILE|PATH|NAME|HOST|PORT|REGION|ENABLED|LEVEL|TIMEOUT|MODE|SECONDS|MINUTES|DAYS)$"
)
_PLAIN_KNOWN = frozenset({"LOG_LEVEL", "NODE_ENV", "LOG_FORMAT", "FEATURE_FLAGS", "APP_ENV", "RAILS_ENV", "TIME_ZONE"})
_EQUALS, _SCORE = re.compile("="), re.compile("_")
_SETS = re.compile("set[sz]? |setze |pon |définis |with |mit |avec |con ")
_SAYS_VARIABLE = re.compile("secret|env|variable")
_FORM = re.compile(
    r"(?:sk|pk|rk)_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA|ASIA|AIza|ya29\.|sk-|eyJ"
    r"|-----BEGIN|pst_|«|\(hidden\)"
    r"|://[^/@\s]*:[^/@\s]+@"
)
_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+/=_-]{20,}")
_HARMLESS = re.compile(r"[A-Za-z0-9_.:/@%+=,~ -]{1,200}")
_NOT = re.compile(
    r"\b(?:no|not|without|drop|remove|unset|ohne|sans|sin|longer needs?|don't (?:use|set|need))(?: (?:the|any|a))* ?$"
)
_SEVERAL = re.compile(r"(?:, ?| and |, and | und | et | y | or | & |/| )")


def read(wishes: Wishes) -> None:
    """Read variables: what is assigned first, then what is named."""
    sentence = wishes.sentence
    if sentence.any("=", " to ", " auf ", " à ", " as ", " be "):
        for pattern, near in ((_ASSIGNED, _EQUALS), (_SET_TO, _SETS), (_SHOULD_BE, _SCORE)):
            for found in sentence.find(pattern, near, 80, exact=True):
                _assigned(wishes, found)
    found_names = [(found, found.group()) for found in sentence.find(_NAMED, _SCORE, exact=True)]
    for found, name in found_names:
        if not _NOT.search(sentence.before(found.start())):
            _named(wishes, found.start(), found.end(), name)
    if sentence.any("secret", "variable", "env"):
        for found in sentence.find(_SHORT, _SAYS_VARIABLE, exact=True):
            _named(wishes, found.start(1), found.end(1), found.group(1))


def looks_like_credential(name: str, value: str) -> bool:
    """Whether an assigned value must be kept secret: its name says so, or its form does."""
    says = _SAYS_SECRET.search(name.upper()) is not None and not _SAYS_PLAIN.search(name.upper())
    return says or _FORM.search(value) is not None or _OPAQUE.fullmatch(value) is not None


def _assigned(wishes: Wishes, found: re.Match[str]) -> None:
    sentence = wishes.sentence
    name = found.group(1)
    value = found.group(2)
    value = value[1:-1] if value[0] in "\"'`" and value[-1] == value[0] and len(value) > 1 else value.rstrip(".!?)\"'`")
    if not name.isupper() and not re.search(
        r"\b(?:set|env|variables?|with)\b[^.;]{0,20}$", sentence.before(found.start())
    ):
        return
    if looks_like_credential(name, value):
        sentence.take(found)
        _secret(wishes, found.start(), found.end(), name, f"{name}=(hidden)")
        wishes.assume(
            f"{name} becomes a secret by its name: the value in the sentence was not taken, since it belongs in"
            f" no file."
        )
    elif name == "PORT" and re.fullmatch(r"[0-9]{1,5}", value) and 0 < int(value) <= 65_535:  # noqa: PLR2004
        words = sentence.take(found)
        for each in services_for(wishes, found.start(), found.end(), otherwise=(wishes.main,)):
            wishes.of_service(each, "port", int(value), words)
    elif value and _HARMLESS.fullmatch(value):
        words = sentence.take(found)
        for each in _services(wishes, found.start(), found.end(), name):
            wishes.variable(each, "env", {"name": name, "value": value}, words)


def _named(wishes: Wishes, start: int, end: int, name: str) -> None:
    sentence = wishes.sentence
    first, last = sentence.clause(start)
    known = [each for facts in wishes.names.values() for each in facts.env if each.name == name]
    told = _SECRET_WORD.search(sentence.low, first, last) is not None or any(each.secret for each in known)
    secret = told or (_SAYS_SECRET.search(name) is not None and not _SAYS_PLAIN.search(name))
    words = sentence.take((start, end))
    if not secret and (name in _PLAIN_KNOWN or _SAYS_PLAIN.search(name) or known):
        wishes.ask(f"Which value does {name} get? The sentence names it without one: {name}=value sets it.")
        return
    if not secret:
        wishes.assume(
            f"{name} is taken as a secret, since the sentence gives it no value; {name}=value makes it a plain"
            f" variable."
        )
    _secret(wishes, start, end, name, words)


def _secret(wishes: Wishes, start: int, end: int, name: str, words: str) -> None:
    last, closed = _end_of_list(wishes, end)
    at_build = _AT_BUILD.match(wishes.sentence.low, last if closed else end)
    entry = {"env": name, "at": "build"} if at_build else {"env": name}
    for each in _services(wishes, start, end, name):
        wishes.variable(each, "secrets", entry, words)


def _end_of_list(wishes: Wishes, end: int) -> tuple[int, bool]:
    """Return where a list of names ends, and whether an "and" closes it: what is said behind is then said of all."""
    closed = False
    for _ in range(40):
        link = _SEVERAL.match(wishes.sentence.text, end)
        name = _NAMED.match(wishes.sentence.text, link.end()) if link else None
        if name is None:
            break
        end, closed = name.end(), link is not None and link.group().strip(", /|") != ""
    return end, closed


def _services(wishes: Wishes, start: int, end: int, name: str) -> tuple[str, ...]:
    """Return who gets a variable: the services spoken of, else those whose code reads it, else the main one."""
    readers = tuple(service for service, facts in wishes.names.items() if any(each.name == name for each in facts.env))
    chosen = services_for(wishes, start, _end_of_list(wishes, end)[0], otherwise=readers or ())
    if chosen:
        return chosen
    others = listed([each for each in wishes.names if each != wishes.main])
    wishes.assume(f"{wishes.main}, the main service, gets {name}, and {others} not: the sentence names none for it.")
    return (wishes.main,)
