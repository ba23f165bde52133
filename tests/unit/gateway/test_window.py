from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.window import MINUTE, Window

START = 1_000 * MINUTE
GAPS = st.lists(
    st.one_of(st.integers(0, 50_000), st.integers(0, MINUTE // 4), st.integers(0, 3 * MINUTE)), min_size=1, max_size=200
)


@given(gaps=GAPS, limit=st.integers(1, 20), offset=st.integers(0, MINUTE - 1))
def test_no_stretch_of_time_lets_through_more_than_its_share(gaps: list[int], limit: int, offset: int):
    """An exact log beside the counter: in any d seconds up to 60, at most limit * (1 + d/60) get through."""
    window, log, now = Window(), [], START + offset
    for gap in gaps:
        now += gap
        if window.take("u", limit, now).admitted:
            log.append(now)
    for first, begun in enumerate(log):
        for last in range(first, len(log)):
            stretch = log[last] - begun
            if stretch <= MINUTE:
                assert (last - first + 1) * MINUTE <= limit * (MINUTE + stretch)


@given(gaps=GAPS, limit=st.integers(1, 20))
def test_who_waits_exactly_as_long_as_told_is_let_in_and_not_a_moment_earlier(gaps: list[int], limit: int):
    window, now = Window(), START
    for gap in gaps:
        now += gap
        refused = window.full("u", limit, now)
        taken = window.take("u", limit, now)
        assert taken.admitted == (refused is None)
        if refused is not None:
            assert refused.wait_us == taken.wait_us > 0
            assert window.full("u", limit, now + taken.wait_us - 1) is not None
            assert window.take("u", limit, now + taken.wait_us).admitted
            now += taken.wait_us


@given(gaps=GAPS, limit=st.integers(1, 20))
def test_remaining_says_how_many_more_fit_at_this_moment(gaps: list[int], limit: int):
    window, now = Window(), START
    for gap in gaps:
        now += gap
        before = window.take("u", limit, now)
        following = window.take("u", limit, now)
        assert following.admitted == (before.remaining > 0)


def test_at_the_minutes_edge_two_hundred_do_not_get_through_in_two_seconds():
    window, edge = Window(), START + MINUTE
    before = [window.take("u", 100, edge - 1_000_000 + n * 5_000).admitted for n in range(200)]
    after = [window.take("u", 100, edge + n * 5_000).admitted for n in range(200)]
    assert sum(before) == 100
    assert sum(after) <= 2


def test_users_do_not_use_up_each_others_allowance():
    window = Window()
    assert [window.take("a", 1, START).admitted for _ in range(2)] == [True, False]
    assert window.take("b", 1, START).admitted


def test_a_clock_that_steps_back_gives_nothing_away():
    window = Window()
    for _ in range(3):
        assert window.take("u", 3, START + MINUTE).admitted
    assert not window.take("u", 3, START).admitted


def test_a_flood_of_names_is_forgotten_before_it_fills_the_memory():
    window = Window()
    for number in range(25_000):
        window.take(str(number), 100, START)
    assert len(window._counters) <= 10_000
