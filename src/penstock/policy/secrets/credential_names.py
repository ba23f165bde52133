"""Whether a name says that its value is a credential. Names are read word by word, however they are spelled."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PASSWORD = _listed("""
    password passwd passwort pwd passphrase passcode pw passw userpass dbpass keypass storepass requirepass rootpass
    adminpass smtppass
""")
_SECRET = _listed("secret secrets token credential credentials creds bearer jwt pat")
_JOINED = _listed("""
    apikey authkey apitoken authtoken accesstoken clientsecret secretkey privatekey accesskey signingkey
    encryptionkey masterauth
""")
"""Written in one word, these need no second word to speak plainly."""
_ABOUT_PASSWORD = _listed("""
    incorrect change confirm forgot forgotten reset invalid wrong show hide enter repeat missing
""")
"""Words in front that make it a label, a link or a message about passwords."""
_BEFORE_KEY = _listed("""
    api access secret private signing sign encryption encrypt encrypting master auth session cookie hmac jwt
    admin service account app license deploy shared storage webhook stripe sendgrid mailgun openai anthropic
    twilio algolia datadog dd newrelic relic mailchimp postmark resend supabase role firebase rollbar bugsnag
    segment pusher cloudinary pagerduty cipher aes crypto write integration instrumentation ssh gpg pgp rsa
    nextauth salt
""")
_AFTER = _listed("""
    file path dir folder name names id ids url uri urls endpoint host port user username email ttl expiry
    expires expire expiration expirations lifetime length len size count min max minimum maximum policy type
    types algorithm alg issuer audience header headers prefix suffix field fields enabled enable disabled
    required require optional version versions ref refs duration timeout age rotation regex pattern hash hashes
    digest store provider providers manager class mode kind label labels placeholder hint help arn resource
    project region env vars var variable format encoding encryption encrypted encryptor hashing scheme method
    methods strategy service services address location bucket minutes seconds hours days day limit limits check
    validation validator rules rule reset strength change changed prompt stdin from flag option options key_ring
    keyring namespace annotation annotations index column table plugin auth permission permissions scope scopes
    selector template usage usages number tests test_case page link form input title text message error errors
    description visible mount mounts volume volumes source target alias decode encode verify parse parser
    payload claims claim ip ips cidr cidrs
""")
"""Words behind a credential's name that make it the name of something about the credential."""
_BEFORE_PASS = _listed("""
    by first second third single one two multi must all proxy fastcgi uwsgi scgi grpc memcached boarding compass
    not will tests can should a the through low high band
""")
_PUBLIC = _listed("""
    public pub publishable anon allow empty no disable disabled random generate cache idempotency partition
    primary foreign sort csrf xsrf next continuation page cancellation design checksum sha fingerprint digest
""")


class Says(IntEnum):
    """How plainly a name speaks."""

    NOTHING = 0
    PERHAPS = 1
    """``secret``, ``token``, ``credentials`` alone are often the name of a secret, kept elsewhere."""
    CREDENTIAL = 2
    PASSWORD = 3
    """Any literal value is a password, also a short word."""


@lru_cache(maxsize=4096)
def what_name_says(name: str) -> Says:
    """Read a variable's, key's or flag's name."""
    words = [word.lower() for word in _WORDS.findall(name[-120:])]
    if not words or _PUBLIC & set(words) or ("pw" in words and "-" in name):  # MU-PW: a code, not a variable
        return Says.NOTHING
    found = _found(words)
    if found is None:
        return Says.NOTHING
    at, says = found
    after = [word for word in words[at + 1 :] if not word.isdigit()]
    if set(after) & _AFTER or (after and after[-1] in {"tokens", "keys"}):
        return Says.NOTHING
    return says


def _found(words: list[str]) -> tuple[int, Says] | None:
    """Return the last word that makes a credential of a name."""
    for at in range(len(words) - 1, -1, -1):
        says = _says(words[at], words[at - 1] if at else "", last=at == len(words) - 1, alone=len(words) == 1)
        if says is not Says.NOTHING:
            return at, says
    return None


def _says(word: str, before: str, *, last: bool, alone: bool) -> Says:
    """Read one word of a name with the one before it."""
    if word in _PASSWORD or word.endswith("password"):
        return Says.NOTHING if before in _ABOUT_PASSWORD else Says.PASSWORD
    if last and word == "pass" and before not in _BEFORE_PASS:
        return Says.PASSWORD
    if word in _JOINED or (word == "key" and before in _BEFORE_KEY):
        return Says.CREDENTIAL
    if word == "string" and before == "connection":
        return Says.PERHAPS
    if word in _SECRET:
        perhaps = alone or word in {"secrets", "credentials"} or (before, word) == ("cluster", "token")  # etcd: a name
        return Says.PERHAPS if perhaps else Says.CREDENTIAL
    return Says.NOTHING
