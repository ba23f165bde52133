"""Places, shares and memory: who gets in, and that what was taken is given back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from http_stand_ins import BODY, House

from penstock.domain.pipelines import Caller
from penstock.errors import ConcurrencyLimited, Overloaded
from penstock.surfaces.http.in_flight import InFlight
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.memory import Memory
from penstock.surfaces.http.places import Places
from penstock.telemetry.service import Telemetry

GENERATE = "/api/v1/pipelines/generate"


def caller(user: str, org: str = "acme") -> Caller:
    return Caller(org, user, frozenset())


def test_a_share_is_a_users_own_and_an_organisations_in_all():
    counted = InFlight(per_user=2, per_org=3)
    for user in ("ann", "ann", "ben"):
        counted.take(caller(user))
    with pytest.raises(ConcurrencyLimited, match="You have 2"):
        counted.take(caller("ann"))
    with pytest.raises(ConcurrencyLimited, match="Your organisation has 3"):
        counted.take(caller("cid"))
    counted.take(caller("ann", org="other"))
    counted.leave(caller("ben"))
    counted.take(caller("cid"))


def container(folder: Path, *, limit: str, current: int, inactive: int = 0) -> Path:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")
    return folder


@pytest.mark.parametrize(
    ("limit", "current", "inactive", "scarce"),
    [("100", 85, 0, False), ("100", 86, 0, True), ("100", 95, 20, False), ("max", 10**12, 0, False), ("?", 99, 0, False)],
)  # fmt: skip
def test_memory_is_scarce_above_its_share_of_the_containers_limit(
    tmp_path: Path, limit: str, current: int, inactive: int, scarce: bool
):
    folder = container(tmp_path, limit=limit, current=current, inactive=inactive)
    assert Memory(0.85, folder=folder).scarce() is scarce


def test_where_there_is_no_container_memory_is_never_scarce(tmp_path: Path):
    assert not Memory(0.85, folder=tmp_path).scarce()


def test_scarce_memory_sheds_and_what_was_shed_took_nothing(tmp_path: Path):
    async def walk() -> None:
        limits = Limits(per_user=1, max_generations=1, max_waiting=0)
        memory = Memory(0.85, folder=container(tmp_path, limit="100", current=99), look_every_s=0)
        places = Places(limits, Telemetry(), memory=memory)
        with pytest.raises(Overloaded):
            await places.enter(caller("ann"))
        container(tmp_path, limit="100", current=50)
        await places.enter(caller("ann"))
        with pytest.raises(Overloaded):
            await places.enter(caller("ben"))
        places.leave(caller("ann"))
        await places.enter(caller("ben"))  # refused above for want of room: its share was given back

    asyncio.run(walk())


def leaves_when(house: House, ready: Callable[[], bool]) -> None:
    """Send a generation whose client closes its connection once something is so."""

    async def walk() -> None:
        waiting = [json.dumps(BODY).encode()]

        async def receive() -> dict[str, object]:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(), "more_body": False}
            while not ready():
                await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(_message: object) -> None:
            return None

        headers = [(b"authorization", b"Bearer pst_test_good"), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": GENERATE,
            "raw_path": GENERATE.encode(), "query_string": b"", "headers": headers, "scheme": "http",
            "client": ("192.0.2.7", 4711), "server": ("testserver", 80), "root_path": "", "state": {},
        }  # fmt: skip
        house.pipelines.gate = asyncio.Event()
        await house.app(scope, receive, send)
        house.pipelines.gate.set()
        await house.app.state.door.close()

    asyncio.run(walk())


def test_a_client_that_leaves_between_two_stages_is_noted_and_its_work_goes_on_to_the_next():
    house = House()
    leaves_when(house, lambda: bool(house.pipelines.commands))
    assert house.pipelines.finished == 1
    (line,) = house.lines("http.request_finished")
    assert line["status"] == 499


def test_places_are_given_back_whatever_became_of_the_work():
    async def walk() -> list[int]:
        house = House(limits=Limits(max_generations=1, max_waiting=0, per_user=1))
        answers = [(await house.call("POST", GENERATE, BODY)).status]
        house.pipelines.fails_with = RuntimeError("a bug")
        answers.append((await house.call("POST", GENERATE, BODY)).status)
        house.pipelines.fails_with = None
        answers.append((await house.call("POST", GENERATE, BODY)).status)
        return answers

    assert asyncio.run(walk()) == [201, 500, 201]
