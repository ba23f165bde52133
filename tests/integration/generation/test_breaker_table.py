"""Each row of the breaker's table, shared in a real Valkey and in one process alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from breaker_parts import LEASE_S, OPEN_S, TICK, WINDOW_S, House, house

from penstock.generation.ports import CLOSED, HALF_OPEN, OPEN, Outcome

Walk = Callable[[Callable[[House], Awaitable[None]]], None]


@pytest.fixture(params=["shared", "local"])
def walk(request: pytest.FixtureRequest) -> Walk:
    """Return a function that runs a walk through a breaker of this kind."""
    url = request.getfixturevalue("valkey_url") if request.param == "shared" else None

    def run(steps: Callable[[House], Awaitable[None]]) -> None:
        async def opened() -> None:
            async with house(url) as given:
                await steps(given)
                assert given.source_shown() == request.param

        asyncio.run(opened())

    return run


def test_a_new_breaker_is_closed_and_allows_everything(walk: Walk):
    async def steps(given: House) -> None:
        assert await given.breaker.state() == CLOSED
        for permit in [await given.breaker.permit() for _ in range(20)]:
            assert (permit.allowed, permit.state, permit.epoch, permit.probe_id) == (True, CLOSED, 0, None)
            assert permit.retry_after_s == 0

    walk(steps)


def test_five_failures_in_a_row_open_it_and_it_says_for_how_long(walk: Walk):
    async def steps(given: House) -> None:
        assert await given.attempts(*["failure"] * 7) == [True] * 5 + [False] * 2
        given.clock.go_on(10)
        denied = await given.breaker.permit()
        assert (denied.allowed, denied.state, denied.epoch, denied.retry_after_s) == (False, OPEN, 1, 20)
        assert await given.breaker.state() == OPEN

    walk(steps)


def test_a_success_clears_the_failures_before_it(walk: Walk):
    async def steps(given: House) -> None:
        assert all(await given.attempts(*["failure"] * 4, "success", *["failure"] * 4))
        assert await given.breaker.state() == CLOSED
        await given.attempt("failure")
        assert await given.breaker.state() == OPEN

    walk(steps)


def test_what_says_nothing_about_the_model_neither_clears_nor_counts(walk: Walk):
    async def steps(given: House) -> None:
        assert all(await given.attempts(*["failure"] * 4, *["neutral"] * 10))
        assert await given.breaker.state() == CLOSED
        await given.attempt("failure")
        assert await given.breaker.state() == OPEN

    walk(steps)


@pytest.mark.parametrize(("last", "state"), [(WINDOW_S - TICK, OPEN), (WINDOW_S, CLOSED)])
def test_failures_a_minute_old_fall_out(walk: Walk, last: float, state: int):
    async def steps(given: House) -> None:
        await given.attempts(*["failure"] * 4)
        given.clock.go_on(last)
        await given.attempt("failure")
        assert await given.breaker.state() == state

    walk(steps)


@pytest.mark.parametrize("outcome", ["success", "failure", "neutral"])
def test_results_that_arrive_while_it_is_open_are_ignored(walk: Walk, outcome: Outcome):
    async def steps(given: House) -> None:
        overhanging = await given.breaker.permit()
        await given.open()
        given.clock.go_on(5)
        await given.breaker.report(overhanging, outcome)
        denied = await given.breaker.permit()
        assert (denied.state, denied.retry_after_s) == (OPEN, 25)
        assert given.metric("circuit_breaker_late_results_total") == (outcome != "neutral")

    walk(steps)


def test_only_one_who_asks_after_the_wait_becomes_the_probe(walk: Walk):
    async def steps(given: House) -> None:
        await given.open()
        given.clock.go_on(OPEN_S - TICK)
        assert not await given.allowed()
        given.clock.go_on(TICK)
        assert await given.breaker.state() == OPEN  # no timer moves it
        permits = [await given.breaker.permit() for _ in range(10)]
        assert [each.allowed for each in permits] == [True] + [False] * 9
        assert permits[0].probe_id
        assert {(each.state, each.epoch) for each in permits} == {(HALF_OPEN, 2)}
        assert permits[1].retry_after_s == LEASE_S

    walk(steps)


def test_two_successful_probes_in_a_row_close_it(walk: Walk):
    async def steps(given: House) -> None:
        probe = await given.half_open()
        await given.breaker.report(probe, "success")
        assert await given.breaker.state() == HALF_OPEN
        second = await given.breaker.permit()
        assert second.probe_id not in {None, probe.probe_id}
        assert not await given.allowed()
        await given.breaker.report(second, "success")
        assert await given.breaker.state() == CLOSED
        assert all(await given.attempts(*["failure"] * 4))
        assert await given.allowed()

    walk(steps)


@pytest.mark.parametrize("successes", [0, 1])
def test_a_failed_probe_opens_it_again_for_the_whole_wait(walk: Walk, successes: int):
    async def steps(given: House) -> None:
        probe = await given.half_open()
        for _ in range(successes):
            await given.breaker.report(probe, "success")
            probe = await given.breaker.permit()
        await given.breaker.report(probe, "failure")
        denied = await given.breaker.permit()
        assert (denied.state, denied.epoch, denied.retry_after_s) == (OPEN, 3, OPEN_S)
        given.clock.go_on(OPEN_S)
        assert (await given.attempt("success")).probe_id
        assert await given.breaker.state() == HALF_OPEN
        assert (await given.attempt("success")).probe_id
        assert await given.breaker.state() == CLOSED

    walk(steps)


def test_a_probe_that_says_nothing_about_the_model_makes_room_for_the_next(walk: Walk):
    async def steps(given: House) -> None:
        await given.breaker.report(await given.half_open(), "success")
        assert (await given.attempt("neutral")).probe_id
        assert await given.breaker.state() == HALF_OPEN
        assert (await given.attempt("success")).probe_id
        assert await given.breaker.state() == CLOSED

    walk(steps)


def test_a_probe_that_never_reports_is_replaced_when_its_lease_is_over(walk: Walk):
    async def steps(given: House) -> None:
        dead = await given.half_open()
        given.clock.go_on(LEASE_S - TICK)
        assert not await given.allowed()
        assert given.metric("circuit_breaker_probe_expired_total") == 0
        given.clock.go_on(TICK)
        live = await given.breaker.permit()
        assert live.probe_id
        assert live.epoch == dead.epoch
        assert given.metric("circuit_breaker_probe_expired_total") == 1
        await given.breaker.report(dead, "failure")  # it was only slow: its word no longer counts
        assert given.metric("circuit_breaker_late_results_total") == 1
        assert await given.breaker.state() == HALF_OPEN
        await given.breaker.report(live, "success")
        assert (await given.attempt("success")).allowed
        assert await given.breaker.state() == CLOSED

    walk(steps)


@pytest.mark.parametrize("outcome", ["success", "failure", "neutral"])
def test_a_probe_whose_lease_is_over_is_not_heard_even_before_it_is_replaced(walk: Walk, outcome: Outcome):
    async def steps(given: House) -> None:
        probe = await given.half_open()
        given.clock.go_on(LEASE_S)
        await given.breaker.report(probe, outcome)
        assert await given.breaker.state() == HALF_OPEN
        assert (await given.attempt("success")).probe_id
        assert await given.breaker.state() == HALF_OPEN

    walk(steps)


@pytest.mark.parametrize("outcome", ["success", "failure"])
def test_a_result_from_before_it_opened_does_not_move_a_half_open_breaker(walk: Walk, outcome: Outcome):
    async def steps(given: House) -> None:
        overhanging = [await given.breaker.permit() for _ in range(3)]
        probe = await given.half_open()
        for permit in overhanging:
            await given.breaker.report(permit, outcome)
        assert await given.breaker.state() == HALF_OPEN
        assert given.metric("circuit_breaker_late_results_total") == 3
        await given.breaker.report(probe, "success")
        await given.attempt("success")
        assert await given.breaker.state() == CLOSED
        await given.breaker.report(overhanging[0], "failure")
        assert given.metric("circuit_breaker_late_results_total") == 4

    walk(steps)


def test_a_denied_wish_has_nothing_to_report(walk: Walk):
    async def steps(given: House) -> None:
        await given.half_open()
        denied = await given.breaker.permit()
        await given.breaker.report(denied, "failure")
        assert await given.breaker.state() == HALF_OPEN
        assert given.metric("circuit_breaker_late_results_total") == 0

    walk(steps)


def test_a_clock_set_back_does_not_lengthen_the_wait_or_the_lease(valkey_url: str):
    async def steps() -> None:
        async with house(valkey_url) as given:
            await given.open()
            given.clock.wall -= timedelta(days=1)
            denied = await given.breaker.permit()
            assert (denied.allowed, denied.retry_after_s) == (False, OPEN_S)
            given.clock.go_on(OPEN_S)
            assert (await given.breaker.permit()).probe_id
            given.clock.wall -= timedelta(days=1)
            assert (await given.breaker.permit()).retry_after_s == LEASE_S
            given.clock.go_on(LEASE_S)
            assert (await given.attempt("success")).probe_id
            assert (await given.attempt("success")).probe_id
            assert await given.breaker.state() == CLOSED

    asyncio.run(steps())


def test_failures_left_in_the_future_by_a_clock_set_back_grow_old_from_then_on(valkey_url: str):
    async def steps() -> None:
        async with house(valkey_url) as given:
            await given.attempts(*["failure"] * 3)
            given.clock.wall -= timedelta(days=1)
            await given.attempt("failure")
            given.clock.go_on(WINDOW_S)
            await given.attempts(*["failure"] * 4)
            assert await given.breaker.state() == CLOSED
            await given.attempt("failure")
            assert await given.breaker.state() == OPEN

    asyncio.run(steps())


def test_every_change_and_every_answer_is_counted_and_openings_and_closings_are_logged(walk: Walk):
    async def steps(given: House) -> None:
        first = given.clock.now().timestamp()
        await given.breaker.report(await given.half_open(), "failure")
        assert not await given.allowed()
        await given.breaker.state()
        given.clock.go_on(OPEN_S)
        assert given.state_shown() == OPEN
        probe = await given.breaker.permit()
        await given.breaker.state()
        assert given.state_shown() == HALF_OPEN
        last = f'circuit_breaker_last_closed_timestamp_seconds{{model="{given.model}"}}'
        assert given.metric(last) == pytest.approx(first, abs=1)
        await given.breaker.report(probe, "success")
        await given.attempt("success")
        await given.breaker.state()
        assert given.state_shown() == CLOSED
        assert given.metric(last) == pytest.approx(first + 2 * OPEN_S, abs=1)
        moved = {
            (before, after): given.metric(f'circuit_breaker_transitions_total{{from="{before}",to="{after}"}}')
            for before, after in (
                ("closed", "open"),
                ("open", "half_open"),
                ("half_open", "open"),
                ("half_open", "closed"),
            )
        }
        assert list(moved.values()) == [1, 2, 1, 1]
        decided = {
            each: given.metric(f'circuit_breaker_decisions_total{{decision="{each}"}}')
            for each in ("allow", "deny", "probe")
        }
        assert decided == {"allow": 5, "deny": 1, "probe": 3}
        assert given.events() == ["breaker.opened", "breaker.closed"]

    walk(steps)


def test_an_idle_process_shows_what_others_did_to_the_breaker(valkey_url: str):
    async def steps() -> None:
        async with house(valkey_url) as busy, house(valkey_url, model=busy.model, clock=busy.clock) as idle:
            assert idle.state_shown() == CLOSED
            await busy.open()
            looked = asyncio.Event()
            idle.clock.sleep = lambda _seconds: _seen(looked)  # type: ignore[method-assign]
            watching = asyncio.create_task(idle.breaker.watch())
            await looked.wait()
            watching.cancel()
            assert idle.state_shown() == OPEN
            assert idle.events() == []

    asyncio.run(steps())


async def _seen(looked: asyncio.Event) -> None:
    looked.set()
    await asyncio.Event().wait()
