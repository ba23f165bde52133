"""Whether a value under a credential's name is the credential itself, or a reference, a placeholder, something else."""

from __future__ import annotations

import re

from penstock.policy.secrets.checksums import entropy
from penstock.policy.secrets.credential_names import Says
from penstock.policy.secrets.formats import PREFIXES

SHORTEST = 6
_LONGEST = 4096
_REFERENCE = re.compile(
    r"""(?x)
    \$\{?[A-Za-z_(\[{]|\$\$|\$[0-9@*]      # shell, make, substitutions
    |\{\{|\}\}|\{%|<%|<[A-Za-z][^>]*>      # templates, <your-token>
    |%[A-Za-z_][A-Za-z0-9_]*%|%\(|\[\]|\#\{|@[A-Za-z.]+@|`
    |^\{[A-Za-z_.]*\}$|^\[.*\]$|^\(.*\)$|^!\w
    """
)
_ELSEWHERE = re.compile(
    r"""(?xi)
    ^(?:[a-z][a-z0-9+.-]*://(?![^/@\s]*:[^/@\s]+@)   # a URL without user:password
    |projects/|sm:|sm@|gs:|vault:|ssm:|secretsmanager:|awssm:|arn:|op://|ref\+|file:|env:|enc:|enc\[|secret:|secretref:
    |kms:|keychain:|keyvault:|akv:|gcpsm:|gcp:|doppler:|bitwarden:|aws:|azure:|encrypted:|AQICAH|\{cipher\}|vault\s
    |~?\.{0,2}/|[a-z]:\\)
    """
)
_PLACEHOLDER = re.compile(
    r"""(?xi)
    change[\W_]?(?:me|this|it)|^your[\W_]|[\W_]your[\W_]|^yours?$|your[\W_]?(?:[a-z]{1,20}[\W_]?)?(?:password|secret|token|api|key)|my[\W_]?(?:password|secret|token|api[\W_]?key)$
    |example|placeholder|^dummy|^fake|^sample|^mock|^x{3,}|x{6,}|\*{3,}|\.{3,}|^_+$|^-+$|replace[\W_]?(?:me|this|with)?|insert[\W_]|redacted|masked|hidden
    |^to[\W_]?do|^tbd$|^fixme|^n/?a$|^none$|^null$|^nil$|^undefined$|^empty$|^unset$|^not[\W_]|^no[\W_]|set[\W_](?:me|this|via|in|by|at)|fill[\W_]?(?:me|in)
    |^(?:write|read|inherit|required|optional|disabled|enabled|default|string|secret|secrets|credentials?|token|password|passwd|prompt|ask|always|never|auto|basic|bearer|digest|oauth2?|plain|hidden|text|true|false|yes|no)$
    |goes[\W_]here|[\W_]here$|generated|^some[\W_]|^the[\W_]|^a[\W_]|^any[\W_]|^test[\W_]?(?:password|secret|token|key)?$|provided|obtain
    |!!!|^foo(?:bar)?$|^abc[\W_]?123|(?:abcde){2}|^not[\W_]?a[\W_]?secret|^hashed$|^my[\W_]?pass(?:phrase)?$
    """
)
_CREDENTIAL_WORD = re.compile(r"(?i)pass(?:word|wd)?|secret|token|cred|key|auth")
_WORD_SLUG = re.compile(r"^[A-Za-z]+(?:[-_.][A-Za-z]+)+$")
_IDENTIFIER = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$")
_CALL = re.compile(r"^[A-Za-z_][\w.]*[(\[]")
_NUMBER = re.compile(r"^[-+]?[0-9][0-9_,.]*[a-z]{0,2}$")
_RANGE = re.compile(r"^[~^<>=v]{1,2}\s?[0-9]+(?:\.[0-9x*]+)*(?:\s|$)")
_HOST_PORT = re.compile(r"^[A-Za-z][\w.-]*:[0-9]{2,5}(?:/\S*)?$")
_FOLDERS = re.compile(r"^[a-z][a-z-]*(?:/[a-z][a-z-]*)+$")
_SENTENCE = re.compile(r"^[A-Z][\w'-]*(?: [\w'-]+)+[.!?]?$")
_CAMEL = re.compile(r"^[a-z]+(?:[A-Z][a-z]+)*(?:Password|Passwd|Secret|Token|Key)$")
_VERSION = re.compile(r"^[~^<>=v]{0,2}[0-9]{1,4}\.[0-9]+\.[0-9]+[\w.+-]{0,40}$")
_LIST = re.compile(r"^[A-Za-z]+(?:,[A-Za-z]+){2,}$")
_MOMENT = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9:]+)?)?$")
_FILE = re.compile(
    r"^[\w./\\-]+\.(?:json|ya?ml|txt|pem|key|crt|cer|p12|jks|env|conf|ini|toml|pub|properties|sh|js|ts|py|go|rb|md)$"
)
_SHORT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9@#!_-]{3,4}$")
_SHORT_WORDS = frozenset({"none", "null", "true", "false", "auto", "test", "basic", "user", "name", "file", "token"})
_OTHER_SHAPES = (_FILE, _VERSION, _RANGE, _CALL, _HOST_PORT, _FOLDERS, _CAMEL, _MOMENT, _LIST)
_UUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_SAID_AGAIN = frozenset({"password", "secret", "secretkey", "apikey", "accesstoken"})
_SEPARATORS = re.compile(r"[\W_]+")
_RANDOM_ENOUGH = 3.0


def is_literal_secret(name: str, value: str, says: Says) -> bool:
    """Decide for one pair. ``says`` is what the name promises; the plainer it speaks, the less the value must look."""
    if says is Says.NOTHING or not SHORTEST <= len(value) <= _LONGEST:
        return False
    if is_reference(value) or value.startswith(PREFIXES) or _is_something_else(name, value):
        return False
    if says is Says.PASSWORD:
        return _could_be_password(value)
    if _NUMBER.match(value) or _IDENTIFIER.match(value) or " " in value.strip():
        return False
    return looks_random(value) or (says is Says.CREDENTIAL and not _reads_like_a_name(value))


def is_short_secret(value: str, says: Says) -> bool:
    """Decide for 4 or 5 characters, where only the environment of a container makes a pair trustworthy."""
    if says < Says.CREDENTIAL or not _SHORT.match(value) or is_reference(value):
        return False
    return value.lower() not in _SHORT_WORDS and (says is Says.PASSWORD or not value.isdigit())


def _is_something_else(name: str, value: str) -> bool:
    """Say whether the value is plainly a file, a version, a call, or the name said again."""
    return any(shape.match(value) for shape in _OTHER_SHAPES) or _same_words(name, value)


def is_reference(value: str) -> bool:
    """Whether a value points elsewhere or stands for something to be filled in."""
    return bool(_REFERENCE.search(value) or _ELSEWHERE.match(value) or _PLACEHOLDER.search(value))


def _same_words(name: str, value: str) -> bool:
    plain_name, plain_value = (_SEPARATORS.sub("", each).lower() for each in (name, value))
    return plain_value == plain_name or (plain_value in _SAID_AGAIN and plain_name.endswith(plain_value))


def _could_be_password(value: str) -> bool:
    if len(set(value)) <= 2:  # noqa: PLR2004 -- "......", "-----": a line, not a password
        return False
    if _WORD_SLUG.match(value) and _CREDENTIAL_WORD.search(value):
        return False
    if " " in value and (_SENTENCE.match(value) or not value.isascii()):
        return False
    return not (_IDENTIFIER.match(value) and "." in value)


def _reads_like_a_name(value: str) -> bool:
    """``db-credentials``, ``request_logger``, ``userId``: what something is called, not a credential."""
    if _WORD_SLUG.match(value):
        return True
    short = len(value) < 12  # noqa: PLR2004 -- a short plain word
    return value.isalpha() and (short or (value.islower() and bool(_CREDENTIAL_WORD.search(value))))


def looks_random(value: str) -> bool:
    """Whether nobody would choose these characters: a UUID, or enough entropy in mixed letters and digits."""
    if _UUID.match(value):
        return True
    kinds = sum(any(test(c) for c in value) for test in (str.islower, str.isupper, str.isdigit))
    if len(value) < 8 or kinds < 2 or _WORD_SLUG.match(value):  # noqa: PLR2004 -- shorter or plainer is a word
        return False
    digits = sum(c.isdigit() for c in value)
    separated = len(_SEPARATORS.findall(value))
    wordy = separated and digits <= 2 and value.lower() == value  # noqa: PLR2004 -- db-credentials-2
    least = _RANDOM_ENOUGH - (0.3 if len(value) < 12 else 0)  # noqa: PLR2004 -- short texts have less entropy to show
    long_enough = digits > 0 or len(value) >= 20  # noqa: PLR2004 -- base64 without a digit is long
    return long_enough and not wordy and entropy(value) >= least
