from __future__ import annotations

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
