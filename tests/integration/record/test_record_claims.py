from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from record_parts import Tables, plan, records, request, run

from penstock.domain.pipelines import Status
from penstock.errors import IdempotencyConflict, IdempotencyKeyReused
from penstock.surfaces.http.problems import describe


def test_a_claim_makes_the_record_and_its_audit_row(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            claim = await record.claim(request(idem_key="first"))
        return claim, await Tables(postgres_dsn).one(claim), await Tables(postgres_dsn).counted(claim)

    claim, row, counted = run(walk())
    assert (claim.status, claim.epoch, claim.version, claim.settled) == (Status.ACCEPTED, 1, 1, False)
    assert (row["idem_key"], row["status"], row["intent"]) == ("first", "accepted", request().intent)
    assert row["lease_until"] > row["created_at"]
    assert counted == {"pipeline_artifacts": 0, "audit_logs": 1, "usage_events": 0, "outbox": 0}


def test_a_key_somebody_works_on_is_in_flight_and_names_the_pipeline(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            claim = await record.claim(asked)
            with pytest.raises(IdempotencyConflict) as refused:
                await record.claim(asked)
            promised = await record.promise(claim, plan())
            with pytest.raises(IdempotencyConflict):
                await record.claim(asked)
            return promised, refused.value

    claim, refusal = run(walk())
    assert refusal.extra["pipeline_id"] == claim.pipeline_id


def test_a_key_used_for_another_request_is_refused_whatever_became_of_the_first(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            claim = await record.claim(asked)
            with pytest.raises(IdempotencyKeyReused):
                await record.claim(request(idem_key=asked.idem_key, fingerprint="e" * 64))
            await record.fail(claim, code="x", detail="y")
            with pytest.raises(IdempotencyKeyReused):
                await record.claim(request(idem_key=asked.idem_key, fingerprint="e" * 64))

    run(walk())


@pytest.mark.parametrize("other", [{"org_id": "globex"}, {"principal_id": "bob"}])
def test_a_key_belongs_to_one_person_of_one_organisation(postgres_dsn: str, other: dict[str, str]):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            return await record.claim(asked), await record.claim(request(idem_key=asked.idem_key, **other))

    mine, theirs = run(walk())
    assert mine.pipeline_id != theirs.pipeline_id


def test_a_failed_record_is_resumed_under_its_old_id(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            claim = await record.claim(asked)
            await record.fail(claim, code="skills-unavailable", detail="no skills")
            failed = await Tables(postgres_dsn).one(claim)
            return claim, failed, await record.claim(asked), await Tables(postgres_dsn).one(claim)

    claim, failed, again, row = run(walk())
    assert (failed["status"], failed["failure_code"], failed["lease_until"]) == ("failed", "skills-unavailable", None)
    assert failed["terminal_at"] is not None
    assert (again.pipeline_id, again.epoch, again.attempt_no, again.status) == (
        claim.pipeline_id,
        2,
        2,
        Status.ACCEPTED,
    )
    assert (row["failure_code"], row["terminal_at"]) == (None, None)


def test_a_record_whose_worker_is_gone_is_resumed_when_its_lease_is_over(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            claim = await record.claim(asked)
            await Tables(postgres_dsn).end_lease(claim)
            return claim, await record.claim(asked)

    claim, again = run(walk())
    assert (again.pipeline_id, again.epoch, again.settled) == (claim.pipeline_id, 2, False)
    assert again.lease_owner != claim.lease_owner


def test_a_draft_survives_a_failure(postgres_dsn: str):
    async def walk():
        tables = Tables(postgres_dsn)
        async with records(postgres_dsn) as record:
            asked = request()
            claim = await record.claim(asked)
            await tables.fetch(
                "UPDATE pipelines SET status = 'drafted', draft = $2, version = 2 WHERE pipeline_id = $1",
                uuid.UUID(claim.pipeline_id),
                '{"spec": 1}',
            )
            await tables.end_lease(claim)
            resumed = await record.claim(asked)
            await record.fail(resumed, code="x", detail="y")
            return await record.claim(asked)

    again = run(walk())
    assert (again.status, again.draft, again.attempt_no) == (Status.DRAFTED, {"spec": 1}, 3)


def test_what_was_promised_and_is_not_finished_is_told_by_its_state(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            promised = await record.promise(await record.claim(asked), plan())
            await Tables(postgres_dsn).end_lease(promised)
            return promised, await record.claim(asked)

    promised, again = run(walk())
    assert (again.pipeline_id, again.settled, again.replay) == (promised.pipeline_id, True, None)
    assert again.status is Status.GENERATED


def test_a_pending_delivery_answers_although_somebody_works_on_it(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request()
            promised = await record.promise(await record.claim(asked), plan())
            await record.finish(promised, Status.GITHUB_PENDING, response={"status": "github_pending"})
            await Tables(postgres_dsn).fetch(
                "UPDATE pipelines SET lease_until = now() + interval '30 seconds' WHERE pipeline_id = $1",
                uuid.UUID(promised.pipeline_id),
            )
            return await record.claim(asked)

    again = run(walk())
    assert (again.settled, again.replay) == (True, {"status": "github_pending"})


def test_fifty_claims_at_once_with_one_key_make_one_record(postgres_dsn: str):
    async def walk():
        asked = request(idem_key="fifty")
        async with records(postgres_dsn) as record:
            return await asyncio.gather(*(record.claim(asked) for _ in range(50)), return_exceptions=True)

    answers = run(walk())
    made = [each for each in answers if not isinstance(each, BaseException)]
    assert len(made) == 1
    assert {type(each) for each in answers} - {type(made[0])} == {IdempotencyConflict}
    rows = run(Tables(postgres_dsn).fetch("SELECT pipeline_id FROM pipelines WHERE idem_key = 'fifty'"))
    assert [str(row["pipeline_id"]) for row in rows] == [made[0].pipeline_id]


def test_fifty_claims_at_once_on_a_failed_record_resume_it_once(postgres_dsn: str):
    async def walk():
        asked = request()
        async with records(postgres_dsn) as record:
            await record.fail(await record.claim(asked), code="x", detail="y")
            return await asyncio.gather(*(record.claim(asked) for _ in range(50)), return_exceptions=True)

    answers = run(walk())
    made = [each for each in answers if not isinstance(each, BaseException)]
    assert [(each.epoch, each.attempt_no) for each in made] == [(2, 2)]
    assert {type(each) for each in answers if isinstance(each, BaseException)} == {IdempotencyConflict}


@pytest.mark.parametrize("text", ["a\0b", "half a pair \ud83d", "tab\tand\nline", "⛩ gate"])
def test_a_developers_words_are_recorded_whatever_they_are(postgres_dsn: str, text: str):
    async def walk():
        async with records(postgres_dsn) as record:
            asked = request(intent=text, service_name=text, request={"intent": text})
            claim = await record.claim(asked)
            await record.fail(claim, code="x", detail=text)
            return await record.get("acme", claim.pipeline_id)

    found = run(walk())
    assert found.intent.replace("\ufffd", "") == text.replace("\0", "").replace("\ud83d", "")
    assert found.failure_detail == found.intent == found.service_name


def test_who_comes_too_early_is_told_when_the_lease_runs_out(postgres_dsn: str):
    async def walk():
        async with records(postgres_dsn, lease=timedelta(seconds=17)) as record:
            asked = request()
            await record.claim(asked)
            with pytest.raises(IdempotencyConflict) as refused:
                await record.claim(asked)
            return refused.value

    wait = dict(describe(run(walk()), "t").headers)[b"retry-after"]
    assert 1 < int(wait) <= 17
