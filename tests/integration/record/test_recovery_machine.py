"""Any order of requests, resends, kills, lost leases, answers of the host and scans, on a real record."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from record_parts import plan, request, run
from recovery_parts import Bench, bench, emptied, no_answer, order_to

from penstock.database.ports import Claim
from penstock.delivery.ports import CommitOrder, HostRefused
from penstock.domain.pipelines import Caller, Status
from penstock.errors import IdempotencyConflict, PenstockError
from penstock.pipelines.upkeep import Upkeep

ENDS = {"active", "github_failed", "failed", "rejected", "cancelled"}
VERDICTS = {
    "done": lambda: "done",
    "lost": lambda: "lost",
    "away": no_answer,
    "refused": lambda: HostRefused("protected", "It is protected."),
}
STEPS = int(os.environ.get("RECOVERY_STEPS", "450"))
ROUND = 30


class RecoveryMachine(RuleBasedStateMachine):
    """Kills, takeovers and zombies in any order; at the end all is healed, and every promise is kept exactly once."""

    dsn = ""
    claims = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        run(emptied(self.dsn))
        self.all: Bench = self.runner.run(self.stack.enter_async_context(bench(self.dsn)))
        self.ids: dict[str, str] = {}
        self.promises: dict[str, str] = {}
        """Pipeline id -> its repository."""

    @rule(target=claims, key=st.sampled_from("abcd"))
    def send(self, key: str) -> Any:
        try:
            claim = self.runner.run(self.all.records.claim(request(org_id="acme", idem_key=key)))
        except IdempotencyConflict:
            return multiple()
        assert self.ids.setdefault(key, claim.pipeline_id) == claim.pipeline_id
        return multiple() if claim.settled else claim

    @rule(target=claims, claim=claims)
    def promise(self, claim: Claim) -> Any:
        repository = f"acme/{claim.pipeline_id}"
        with suppress(IdempotencyConflict):
            promised = self.runner.run(self.all.records.promise(claim, plan(), order_to(repository)))
            self.promises[claim.pipeline_id] = repository
            return promised
        return multiple()

    @rule(claim=claims, how=st.sampled_from(sorted(VERDICTS)))
    def the_host_will_say(self, claim: Claim, how: str) -> None:
        self.all.host.verdicts[f"acme/{claim.pipeline_id}"].append(VERDICTS[how]())

    @rule()
    def leases_run_out(self) -> None:
        self.runner.run(self.all.due())
        self.runner.run(
            self.all.tables.fetch(
                "UPDATE pipelines SET lease_until = now() - interval '61 s' WHERE status IN ('accepted', 'drafted')"
                " AND lease_until IS NOT NULL"
            )
        )

    @rule(claim=claims)
    def a_zombie_finishes(self, claim: Claim) -> None:
        with suppress(PenstockError):
            self.runner.run(self.all.recoveries.pend(claim, retry_in_s=0, detail="late", response={}))

    @rule(claim=claims)
    def a_zombie_gives_up(self, claim: Claim) -> None:
        self.runner.run(self.all.records.fail(claim, code="x", detail="y"))

    @rule(limit=st.integers(1, 4))
    def scan(self, limit: int) -> None:
        self.runner.run(self.all.reconciler(limit=limit).scan())

    @rule(after=st.booleans())
    def a_scan_is_killed(self, after: bool) -> None:
        """Let the worker die when its first delivery begins, or right after its branch moved."""

        async def killed() -> None:
            task = asyncio.create_task(self.all.reconciler().scan())

            async def dies(_order: CommitOrder) -> None:
                task.cancel()
                await asyncio.sleep(0)

            if after:
                self.all.host.after = dies
            else:
                self.all.host.before = dies
            await asyncio.wait({task})
            self.all.host.before = self.all.host.after = None

        self.runner.run(killed())

    @rule(claim=claims)
    def its_user_delivers_again(self, claim: Claim) -> None:
        upkeep = Upkeep(self.all.records, self.all.recoveries, self.all.finishing())
        with suppress(PenstockError):
            self.runner.run(upkeep.commit(Caller("acme", "ann", frozenset()), claim.pipeline_id))

    @rule(claim=claims)
    def its_user_calls_it_off(self, claim: Claim) -> None:
        upkeep = Upkeep(self.all.records, self.all.recoveries, self.all.finishing())
        with suppress(PenstockError):
            self.runner.run(upkeep.cancel(Caller("acme", "ann", frozenset()), claim.pipeline_id))

    @invariant()
    def nothing_is_done_twice(self) -> None:
        for pipeline_id in self.promises:
            assert self.all.host.commits(pipeline_id) <= 1
        rows = self.runner.run(self.all.tables.fetch("SELECT pipeline_id, status, commit_sha FROM pipelines"))
        for row in rows:
            if row["status"] == "active":
                assert row["commit_sha"] in self.all.host.branches[f"acme/{row['pipeline_id']}"]

    def teardown(self) -> None:
        """Heal: the host works, leases run out, somebody scans. Then every promise has ended, and was kept once."""
        try:
            self.all.host.verdicts.clear()
            for _ in range(12):
                self.leases_run_out()
                self.scan(limit=20)
            self.runner.run(self._check())
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    async def _check(self) -> None:
        for row in await self.all.tables.fetch("SELECT * FROM pipelines"):
            pipeline_id = str(row["pipeline_id"])
            assert row["status"] in ENDS
            if row["status"] in {Status.ACTIVE, Status.GITHUB_FAILED, Status.CANCELLED}:
                assert pipeline_id in self.promises
            commits = self.all.host.commits(pipeline_id)
            assert commits == 1 if row["status"] == "active" else commits <= 1
            assert commits == 0 or row["status"] in {"active", "github_failed"}
            await self.all.check_trail(Claim(pipeline_id, Status(row["status"]), row["lease_epoch"], row["version"]))


def test_every_promise_is_kept_once_in_any_order_of_kills_and_answers(postgres_dsn: str):
    machine = type("Machine", (RecoveryMachine,), {"dsn": postgres_dsn, "all": None})
    limits = settings(
        max_examples=STEPS // ROUND,
        stateful_step_count=ROUND,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize="RECOVERY_STEPS" not in os.environ,
    )
    run_state_machine_as_test(machine, settings=limits)
