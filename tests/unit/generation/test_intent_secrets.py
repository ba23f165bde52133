"""Secrets that a sentence tells: masked before anybody reads it, while names of variables and addresses stay."""

from __future__ import annotations

import pytest
from drafting import repository, service

from penstock.generation.intent import read_intent
from penstock.policy.secrets import redact_said

API = repository(service("api", test_command="npm test", lint_command="npm run lint"))


@pytest.mark.parametrize(
    ("sentence", "secret"),
    [
        ("use the password correct-horse-battery9 for the db", "correct-horse"),
        ("use the password swordfish for the db", "swordfish"),
        ("my token: Zk3vQ8pLm2Xw9TtRb7Yc", "Zk3vQ8"),
        ("it was Zk3vQ8pLm2Xw9TtRb7Yc all the time", "Zk3vQ8"),
        ("DB_PASS is Qwertz12345zz", "Qwertz"),
        ("password Tr0ub4dor&3xyz", "Tr0ub4dor"),
        ("notify user bob:Sup3rS3cretPw@db.example.com", "Sup3r"),
        ("connect as bob:p@ss/w0rd1@db.example.com:5432", "w0rd1"),
        ("SMTP_PASSWORD is Tr0ub4dor-and-3x", "Tr0ub4dor"),
        ("pw=Hunter2isMyPw77", "Hunter2"),
        ("the password is swordfish and deploy to GKE", "swordfish"),
        ('the password is "two plain words" now', "two plain words"),
        ("set STRIPE_KEY to abcd1234efgh", "abcd1234"),
        ("STRIPE_KEY: abcd1234efgh", "abcd1234"),
        ("das Passwort lautet Sommer2024!", "Sommer2024"),
        ("mot de passe: azerty12", "azerty12"),
        ("la contraseña es Tr0ub4dor", "Tr0ub4dor"),
        ("do not use the password Tr0ub4dor&3xyz", "Tr0ub4dor"),
    ],
)
def test_a_secret_told_in_a_sentence_is_neither_read_nor_repeated(sentence, secret):
    said = redact_said(sentence)
    reading = read_intent(said, API)
    assert secret not in said
    assert secret not in reading.changes.model_dump_json()
    assert secret not in str(dict(reading.said))


@pytest.mark.parametrize(
    "sentence",
    [
        "secret: DATABASE_URL",
        "secrets: DATABASE_URL, STRIPE_KEY and the password DB_PASSWORD",
        "It needs DATABASE_URL and STRIPE_KEY, and NPM_TOKEN at build time",
        "needs NPM_TOKEN to install packages",
        "the password is stored in Secret Manager",
        "tokens are kept in Secret Manager",
        "We need an API key and a token",
        "email:ops@example.com when a build fails",
        "deploy from release/2026 to europe-west4 with Node 22",
        "use the image node:22-alpine@sha256:0123456789abcdef",
        "release tag v1.2.3 with commit 0123456789abcdef0123456789abcdef01234567",
    ],
)
def test_what_only_speaks_of_secrets_stays_as_it_was_said(sentence):
    assert redact_said(sentence) == sentence


def test_the_end_of_a_login_is_no_address_to_write_to():
    changes = read_intent("notify user bob:Sup3rS3cretPw@db.example.com when it fails", API).changes
    assert changes.notifications == ()


def test_an_address_behind_a_colon_is_one():
    changes = read_intent("email:ops@example.com when it fails", API).changes
    assert [(each.channel, each.to) for each in changes.notifications] == [("email", "ops@example.com")]
