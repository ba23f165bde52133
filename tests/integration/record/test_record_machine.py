"""Any order of claims, takeovers, promises and ends, by workers that may long have lost their lease."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from record_parts import SMALL, Tables, decision, plan, request

from penstock.database.connections import open_database
from penstock.database.ports import Claim
from penstock.database.postgres import PostgresRecords
from penstock.domain.pipelines import TRANSITIONS, Status
from penstock.errors import IdempotencyConflict, IdempotencyKeyReused
from penstock.pipelines.idempotency import decision_memory

LEASED = frozenset({Status.ACCEPTED, Status.DRAFTED, Status.GENERATED})
ENDS = st.sampled_from([Status.ACTIVE, Status.GITHUB_PENDING, Status.GITHUB_FAILED])


@dataclass
class Expected:
    """What the record should be."""

    pipeline_id: str
    fingerprint: str
    status: Status
    epoch: int = 1
    version: int = 1
    leased: bool = True
    answer: Any = None

    def current(self, claim: Claim, target: Status) -> bool:
        """Whether a write with this claim counts."""
        return (claim.epoch, claim.version) == (self.epoch, self.version) and target in TRANSITIONS[self.status]


class RecordMachine(RuleBasedStateMachine):
    """Compares the database with a table in memory after every step."""

    dsn = ""
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.tables = Tables(self.dsn)
        database = self.runner.run(self.stack.enter_async_context(open_database(self.dsn, SMALL)))
        self.records = PostgresRecords(database)
        self.org = uuid.uuid4().hex
        self.expected: dict[str, Expected] = {}

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    @rule(target=claims, key=st.sampled_from("ab"), fingerprint=st.sampled_from("112"))
    def claim(self, key: str, fingerprint: str) -> Any:
        asked = request(org_id=self.org, idem_key=key, fingerprint=fingerprint)
        before = self.expected.get(key)
        if before and before.fingerprint != fingerprint:
            with pytest.raises(IdempotencyKeyReused):
                self.runner.run(self.records.claim(asked))
            return multiple()
        if before and before.leased and before.status in LEASED:
            with pytest.raises(IdempotencyConflict):
                self.runner.run(self.records.claim(asked))
            return multiple()
        claim = self.runner.run(self.records.claim(asked))
        if before is None:
            self.expected[key] = Expected(claim.pipeline_id, fingerprint, Status.ACCEPTED)
        elif before.status in {Status.ACCEPTED, Status.FAILED}:
            before.status, before.leased = Status.ACCEPTED, True
            before.epoch, before.version = before.epoch + 1, before.version + 1
        else:
            assert (claim.settled, claim.status, claim.replay) == (True, before.status, before.answer)
            return multiple()
        assert not claim.settled
        return claim

    @rule(target=claims, claim=claims)
    def promise(self, claim: Claim) -> Any:
        record = self._record(claim)
        if not record.current(claim, Status.GENERATED):
            with pytest.raises(IdempotencyConflict):
                self.runner.run(self.records.promise(claim, plan()))
            return multiple()
        promised = self.runner.run(self.records.promise(claim, plan()))
        record.status, record.version, record.leased = Status.GENERATED, record.version + 1, True
        return promised

    @rule(claim=claims)
    def fail(self, claim: Claim) -> None:
        self.runner.run(self.records.fail(claim, code="x", detail="y"))
        self._settled(claim, Status.FAILED)

    @rule(claim=claims)
    def reject(self, claim: Claim) -> None:
        verdict, answer = decision_memory(decision(denied=True)), {"problem": "policy-violation"}
        self.runner.run(self.records.reject(claim, detail="x", decision=verdict, response=answer))
        self._settled(claim, Status.REJECTED, answer)

    @rule(claim=claims, status=ENDS)
    def finish(self, claim: Claim, status: Status) -> None:
        answer = {"status": status.value}
        if self._record(claim).current(claim, status):
            self.runner.run(self.records.finish(claim, status, response=answer))
            self._settled(claim, status, answer)
            return
        with pytest.raises(IdempotencyConflict):
            self.runner.run(self.records.finish(claim, status, response=answer))

    @rule(claim=claims)
    def time_passes(self, claim: Claim) -> None:
        self.runner.run(self.tables.end_lease(claim))
        self._record(claim).leased = False

    @invariant()
    def the_database_is_as_expected(self) -> None:
        rows = self.runner.run(self.tables.fetch("SELECT * FROM pipelines WHERE org_id = $1", self.org))
        found = {
            row["idem_key"]: (str(row["pipeline_id"]), row["status"], row["lease_epoch"], row["version"])
            for row in rows
        }
        wanted = {
            key: (each.pipeline_id, each.status.value, each.epoch, each.version) for key, each in self.expected.items()
        }
        assert found == wanted

    def _record(self, claim: Claim) -> Expected:
        return next(each for each in self.expected.values() if each.pipeline_id == claim.pipeline_id)

    def _settled(self, claim: Claim, status: Status, answer: Any = None) -> None:
        record = self._record(claim)
        if record.current(claim, status):
            record.status, record.version, record.leased = status, record.version + 1, False
            record.answer = answer if answer is not None else record.answer


def test_the_record_does_what_its_model_says_in_any_order(postgres_dsn: str):
    machine = type("Machine", (RecordMachine,), {"dsn": postgres_dsn})
    limits = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(machine, settings=limits)
