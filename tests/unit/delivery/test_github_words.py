"""GitHub's answers understood, and the gate of an installation, without a network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from penstock.delivery.github_gate import Gate, Pace
from penstock.delivery.github_messages import MOST_WAIT_S, Sense, cleaned, explained, understand
from penstock.delivery.github_transport import Transport
from penstock.delivery.ports import HostAway
from penstock.errors import InvalidConfiguration

RULES, SIGNED = "Repository rule violations found\n\n", "Commits must have verified signatures."
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class StandingClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000 + self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.mark.parametrize(
    ("status", "headers", "message", "sense", "kind"),
    [
        (200, {}, "", Sense.OK, ""),
        (201, {"x-ratelimit-remaining": "0"}, "", Sense.OK, ""),
        (401, {}, "Bad credentials", Sense.BAD_TOKEN, ""),
        (403, {}, "Resource not accessible by integration", Sense.REFUSED, "permission"),
        (403, {"x-accepted-github-permissions": "contents=write,workflows=write"}, "", Sense.REFUSED, "workflows"),
        (403, {}, "Repository was archived so is read-only.", Sense.REFUSED, "archived"),
        (403, {"x-ratelimit-remaining": "0"}, "API rate limit exceeded", Sense.LIMITED, ""),
        (403, {"retry-after": "7"}, "whatever", Sense.LIMITED, ""),
        (403, {}, "You have exceeded a secondary rate limit.", Sense.LIMITED, ""),
        (429, {}, "", Sense.LIMITED, ""),
        (404, {}, "Not Found", Sense.REFUSED, "not_found"),
        (409, {}, "Git Repository is empty.", Sense.REFUSED, "empty"),
        (422, {}, "Update is not a fast forward", Sense.BEHIND, ""),
        (422, {}, "Reference already exists", Sense.BEHIND, ""),
        (422, {}, "Object does not exist", Sense.AGAIN, ""),
        (422, {}, RULES + SIGNED, Sense.REFUSED, "signatures"),
        (422, {}, RULES + "Changes must be made through a pull request.\n\n" + SIGNED, Sense.REFUSED, "protected"),
        (422, {}, "Changes must be made through the merge queue", Sense.REFUSED, "merge_queue"),
        (422, {}, "Repository rule violations found", Sense.REFUSED, "protected"),
        (422, {}, "Validation Failed", Sense.REFUSED, "conflict"),
        (500, {}, "", Sense.AGAIN, ""),
        (408, {}, "", Sense.AGAIN, ""),
    ],
)
def test_an_answer_is_sorted_by_status_headers_and_words(
    status: int, headers: dict[str, str], message: str, sense: Sense, kind: str
):
    verdict = understand(status, headers, message, NOW)
    assert (verdict.sense, verdict.kind) == (sense, kind)
    if kind:
        words, steps = explained(kind, verdict.said)
        assert words
        assert steps


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 60),
        ({"retry-after": "90"}, 90),
        ({"retry-after": "5"}, 60),
        ({"retry-after": "99999999"}, MOST_WAIT_S),
        ({"retry-after": "soon"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 700)}, 700),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 60),
    ],
)
def test_a_limit_holds_as_long_as_the_headers_say_and_never_less_than_a_minute(headers: dict[str, str], wait: float):
    assert understand(429, headers, "", NOW).retry_at_s == NOW.timestamp() + wait


def test_foreign_words_are_shown_on_one_short_line():
    assert cleaned("a\nb\x1b[31m\u202e c") == "a b [31m c"
    assert len(cleaned("x" * 5000)) == 300


def test_changes_go_in_a_burst_and_then_one_at_a_time():
    clock = StandingClock()
    gate = Gate(clock, Pace(pause_s=1, burst=3, longest_s=2))

    async def run() -> list[float]:
        times = []
        for _ in range(5):
            await gate.enter("one", changes=True)
            times.append(clock.passed)
        await gate.enter("one", changes=False)
        await gate.enter("other", changes=True)
        times.append(clock.passed)
        return times

    assert asyncio.run(run()) == [0, 0, 0, 1, 2, 2]


def test_a_closed_gate_lets_nobody_of_its_installation_through_until_its_time():
    clock = StandingClock()
    gate = Gate(clock)
    gate.close("one", NOW.timestamp() + 90)
    gate.close("one", NOW.timestamp() + 60)  # a shorter limit does not open it earlier

    async def run() -> None:
        with pytest.raises(HostAway) as away:
            await gate.enter("one", changes=False)
        assert (away.value.gated, away.value.retry_at_s) == (True, NOW.timestamp() + 90)
        await gate.enter("other", changes=True)
        await clock.sleep(90)
        await gate.enter("one", changes=True)

    asyncio.run(run())


@pytest.mark.parametrize(
    "address", ["", "api.github.com", "file:///etc/passwd", "https://user:pw@host/", "https://h/?x"]
)
def test_an_api_address_is_plain_http(address: str):
    with pytest.raises(InvalidConfiguration, match="plain http"):
        Transport(address)
