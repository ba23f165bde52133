from __future__ import annotations

import pytest

from penstock.domain.pipelines import Caller, GeneratePipeline
from penstock.pipelines.idempotency import claim_request

CALLER = Caller("acme", "ann", frozenset())


def test_a_secret_in_the_sentence_is_not_kept_but_tells_requests_apart():
    canaries = ["AKIA" + "Q4YXTZ7KD2MNRW3B", "AKIA" + "Q4YXTZ7KD2MNRW7C"]
    claims = [
        claim_request(CALLER, GeneratePipeline(intent=f"deploy with {each}", service_name="a"), "trace")
        for each in canaries
    ]
    for canary, claim in zip(canaries, claims, strict=True):
        assert canary not in claim.intent
        assert canary not in str(claim.request)
        assert "deploy with" in claim.intent
    assert claims[0].fingerprint != claims[1].fingerprint


@pytest.mark.parametrize(
    ("sentence", "secret"),
    [
        ("use the token gh«p_16C7e42F292c6912E7710c838347Ae178B4a», please", "a check that fails"),
        ("push with np«m_AAAAbbbbCCCCddddEEEEffffGGGGhhhhIIII»", "a check that fails"),
        ("ask as ps«t_live_A1b2C3d4E5f6_Ab3Ab3Ab3Ab3»", "cut off"),
        ("the database has password=«hunter2hunter2»", "assigned"),
        ("DB_PASSWORD: «hunter2hunter2» is what it wants", "assigned"),
        ("set secret=«abcd» for tests", "short, but assigned"),
        ("deploy it, the password is «sunflower».", "told at the end"),
        ("log in as ann with password «Tr0ub4dor-3» and deploy", "no word at all"),
        ("api key «9f8a7c6b5d4e3f2a1b0c»", "no word at all"),
        ("the secret: «swordfish»", "told at the end"),
    ],
)
def test_what_a_sentence_tells_is_not_kept(sentence: str, secret: str):
    said = sentence.replace("«", "").replace("»", "")
    told = sentence.partition("«")[2].partition("»")[0]
    claim = claim_request(CALLER, GeneratePipeline(intent=said, service_name="a"), "trace")
    assert told not in claim.intent, secret
    assert told not in str(claim.request), secret
    assert "«redacted:" in claim.intent


@pytest.mark.parametrize(
    "sentence",
    [
        "Create a CI/CD pipeline with secrets: from Secret Manager and token authentication",
        "The password is kept in Secret Manager, secrets are in the vault",
        "rotate tokens every 30 days; token v2 support on Node 22",
        "deploy with token=$TOKEN and password: ${DB_PASSWORD}",
        "the password: see the wiki, token <your-token>",
    ],
)
def test_a_sentence_about_secrets_is_kept_as_it_was_said(sentence: str):
    claim = claim_request(CALLER, GeneratePipeline(intent=sentence, service_name="a"), "trace")
    assert claim.intent == sentence
