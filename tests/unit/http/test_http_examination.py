from __future__ import annotations

import asyncio

from http_stand_ins import House

from penstock.surfaces.http.limits import Limits

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
