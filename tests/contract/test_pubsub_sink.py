"""Events to Google Pub/Sub, over the simulated one and, where it is on the machine, over Google's own emulator."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from fakes.pubsub import SimulatedPubSub, simulated_pubsub
from fakes.pubsub_emulator import emulator, running_emulator

from penstock.domain.events import Event, Published
from penstock.events.google_tokens import NoTokens
from penstock.events.pubsub import PubSub

PROJECT, TOPIC = "acme-prod", "penstock-events"
PIPELINE = "01900000-0000-7000-8000-000000000001"


def event(number: int = 1, *, pipeline_id: str | None = PIPELINE, **payload: Any) -> Event:
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    return Event(str(uuid.UUID(int=number)), f"pipeline.number{number}", "acme", pipeline_id, at, payload)


@pytest.fixture(scope="session")
def emulator_host() -> Iterator[str]:
    program = emulator()
    if program is None:
        pytest.skip("Google's Pub/Sub emulator is not on this machine")
    with running_emulator(program) as host:
        yield f"http://{host}"


@pytest.fixture(params=["simulated", "emulator"])
def on_pubsub(request: pytest.FixtureRequest) -> Callable[[Callable[[str], Awaitable[Any]]], Any]:
    """Return what runs a walk on a Pub/Sub, given its address."""
    host = request.getfixturevalue("emulator_host") if request.param == "emulator" else None

    async def run(walk: Callable[[str], Awaitable[Any]]) -> Any:
        if host is not None:
            return await walk(host)
        async with simulated_pubsub() as pubsub:
            return await walk(pubsub.host)

    return lambda walk: asyncio.run(run(walk))


async def call(host: str, method: str, path: str, body: Any) -> Any:
    async with aiohttp.ClientSession() as session, session.request(method, f"{host}/v1/{path}", json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def subscribed(host: str, topic: str) -> str:
    await call(host, "PUT", f"projects/{PROJECT}/topics/{topic}", {})
    subscription = f"projects/{PROJECT}/subscriptions/{topic}-all"
    told = {"topic": f"projects/{PROJECT}/topics/{topic}", "enableMessageOrdering": True}
    await call(host, "PUT", subscription, told)
    return subscription


async def published(host: str, topic: str, *events: Event) -> Published:
    sink = PubSub(PROJECT, topic, tokens=NoTokens(), host=host)
    try:
        return await sink.publish(events)
    finally:
        await sink.close()


async def pulled(host: str, subscription: str) -> list[dict[str, Any]]:
    told = await call(host, "POST", f"{subscription}:pull", {"maxMessages": 10})
    return [each["message"] for each in told.get("receivedMessages", [])]


def test_an_event_arrives_whole_with_its_attributes_and_ordering_key(on_pubsub: Callable[..., Any]):
    async def walk(host: str) -> Any:
        subscription = await subscribed(host, "whole")
        told = await published(host, "whole", event(1, status="active", text="ü ✓"))
        return told, await pulled(host, subscription)

    told, (message,) = on_pubsub(walk)
    assert told == Published(frozenset({event(1).event_id}))
    assert message["attributes"] == {"event_id": event(1).event_id, "kind": "pipeline.number1", "org_id": "acme"}
    assert message["orderingKey"] == PIPELINE
    assert json.loads(base64.b64decode(message["data"])) == {
        "event_id": event(1).event_id, "kind": "pipeline.number1", "org_id": "acme", "pipeline_id": PIPELINE,
        "at": "2026-11-24T10:00:00+00:00", "payload": {"status": "active", "text": "ü ✓"},
    }  # fmt: skip


def test_events_of_a_pipeline_arrive_in_order_and_a_repeated_one_keeps_its_id(on_pubsub: Callable[..., Any]):
    async def walk(host: str) -> Any:
        subscription = await subscribed(host, "order")
        for number in (1, 2, 2, 3):
            await published(host, "order", event(number))
        return await pulled(host, subscription)

    ids = [message["attributes"]["event_id"] for message in on_pubsub(walk)]
    assert ids == [event(number).event_id for number in (1, 2, 2, 3)]


def test_events_of_many_pipelines_go_out_together_and_one_without_a_pipeline_has_no_key(on_pubsub: Callable[..., Any]):
    events = [event(number, pipeline_id=str(uuid.UUID(int=number)) if number else None) for number in range(8)]

    async def walk(host: str) -> Any:
        subscription = await subscribed(host, "many")
        told = await published(host, "many", *events)
        return told, await pulled(host, subscription)

    told, messages = on_pubsub(walk)
    assert told.done == {each.event_id for each in events}
    keys = {message["attributes"]["event_id"]: message.get("orderingKey") or None for message in messages}
    assert keys == {each.event_id: each.pipeline_id for each in events}


def test_a_topic_that_is_missing_is_an_absent_receiver_and_no_fault_of_the_event(on_pubsub: Callable[..., Any]):
    told = on_pubsub(lambda host: published(host, "missing", event()))
    assert told == Published(away="Pub/Sub: there is no such topic")


def scripted(*script: int | str, events: tuple[Event, ...] = (event(),), **options: Any) -> Any:
    async def walk() -> tuple[Published, SimulatedPubSub]:
        async with simulated_pubsub(**options) as pubsub:
            pubsub.topics.add(f"{PROJECT}/topics/{TOPIC}")
            pubsub.script = list(script)
            return await published(pubsub.host, TOPIC, *events), pubsub

    return asyncio.run(walk())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (503, "it answered 503"), (429, "it answered 429"), (403, "it does not permit it"), (301, "it answered 301"),
        ("reset", "it cannot be reached"), ("html", "it cannot be reached"),
    ],
)  # fmt: skip
def test_a_receiver_that_cannot_take_it_is_away(fault: int | str, reason: str):
    told, pubsub = scripted(fault)
    assert told == Published(away=f"Pub/Sub: {reason}")
    assert pubsub.messages == []


@pytest.mark.parametrize("status", [400, 413])
def test_a_refusal_is_one_of_the_event_alone(status: int):
    other = event(2, pipeline_id=str(uuid.UUID(int=2)))
    told, pubsub = scripted(status, events=(event(1), other))
    assert told == Published(frozenset({other.event_id}), {event(1).event_id: f"Pub/Sub answered {status}"})
    assert len(pubsub.messages) == 1


def test_an_answer_that_was_lost_counts_as_not_published():
    told, pubsub = scripted("lost")
    assert told.done == frozenset()
    assert len(pubsub.messages) == 1


def test_nobody_listening_is_an_absent_receiver():
    told = asyncio.run(published("http://127.0.0.1:9", TOPIC, event()))
    assert told == Published(away="Pub/Sub: it cannot be reached")


class Tokens:
    """Gives these tokens in turn, and the last for ever."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.renewed = 0

    async def token(self, *, fresh: bool = False) -> str | None:
        if fresh:
            self.renewed += 1
            self.tokens = self.tokens[1:] or self.tokens
        return self.tokens[0]


@pytest.mark.parametrize(("tokens", "arrives"), [(("old", "new"), True), (("old", "older"), False)])
def test_a_token_that_is_not_accepted_is_renewed_once(tokens: tuple[str, ...], arrives: bool):
    async def walk() -> tuple[Published, int]:
        async with simulated_pubsub(token="new") as pubsub:
            pubsub.topics.add(f"{PROJECT}/topics/{TOPIC}")
            given = Tokens(*tokens)
            sink = PubSub(PROJECT, TOPIC, tokens=given, host=pubsub.host)
            told = await sink.publish([event()])
            await sink.close()
        return told, given.renewed

    told, renewed = asyncio.run(walk())
    assert renewed == 1
    assert bool(told.done) is arrives
    assert told.away == (None if arrives else "Pub/Sub: it does not accept the credentials")
