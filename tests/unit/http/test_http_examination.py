from __future__ import annotations

import asyncio

import pytest
from http_stand_ins import House

from penstock.surfaces.http.limits import Limits

PLAN = {"intent": "Create a pipeline", "service_context": {"files": {"package.json": "{}"}}}
BODY = {"files": {"cloudbuild.yaml": "steps: []"}}


def test_a_verdict_that_takes_too_long_is_504_and_keeps_its_place_until_it_ends():
    async def walk():
        house = House(limits=Limits(deadline_s=0.01, max_generations=1, max_waiting=0))
        house.pipelines.gate = asyncio.Event()
        late = await house.call("POST", "/api/v1/validate", BODY)
        shed = await house.call("POST", "/api/v1/validate", BODY)
        house.pipelines.gate.set()
        for _ in range(10):
            await asyncio.sleep(0)
        return late.status, shed.status, (await house.call("POST", "/api/v1/validate", BODY)).status

    assert asyncio.run(walk()) == (504, 503, 200)


@pytest.mark.parametrize(("path", "body"), [("/api/v1/pipelines/plan", PLAN), ("/api/v1/validate", BODY)])
def test_work_that_keeps_nothing_has_a_deadline_too_and_does_not_speak_of_keys(path: str, body: dict):
    async def walk():
        house = House(limits=Limits(deadline_s=0.01))
        house.pipelines.gate = asyncio.Event()
        late = await house.call("POST", path, body)
        house.pipelines.gate.set()
        return late

    late = asyncio.run(walk())
    assert (late.status, late.headers["retry-after"]) == (504, "1")
    assert "Idempotency-Key" not in " ".join([late.json["detail"], *late.json["next"]])
