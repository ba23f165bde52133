from __future__ import annotations

import asyncio

import pytest
from http_stand_ins import BODY, House, StandInPipelines

READ_OUTS = ("/healthz/live", "/healthz/ready", "/api/v1/pipelines", "/openapi.json", "/metrics")


@pytest.mark.parametrize("path", READ_OUTS)
def test_head_answers_as_get_does_without_a_body(path: str):
    house = House()
    got = asyncio.run(house.call("GET", path))
    headed = asyncio.run(house.call("HEAD", path))
    assert (headed.status, headed.content) == (got.status, b"")
    assert set(headed.headers) == set(got.headers)
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert int(headed.headers["content-length"]) > 0


def test_head_is_told_as_head_and_refused_as_get_would_be():
    house = House()
    assert asyncio.run(house.call("HEAD", "/api/v1/pipelines", authorization="")).status == 401
    reply = asyncio.run(house.call("HEAD", "/api/v1/validate"))
    assert (reply.status, reply.headers["allow"], reply.content) == (405, "POST", b"")
    assert [line["method"] for line in house.lines("http.request_finished")] == ["HEAD", "HEAD"]
    reply = asyncio.run(house.call("DELETE", "/api/v1/pipelines"))
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_a_stream_of_events_is_counted_with_the_status_its_work_ended_in():
    from penstock.errors import SkillNotFound

    for fails_with, status, error in ((None, 201, None), (SkillNotFound(pipeline_id="p1"), 404, "skill-not-found")):
        house = House(pipelines=StandInPipelines(fails_with=fails_with))
        reply = asyncio.run(house.call("POST", "/api/v1/pipelines/generate", BODY, accept="text/event-stream"))
        assert reply.status == 200  # sent before the work had begun
        (line,) = house.lines("http.request_finished")
        assert (line["status"], line.get("error")) == (status, error)
        counted = asyncio.run(house.call("GET", "/metrics")).content.decode()
        assert f'route="/api/v1/pipelines/generate",status="{status}"}} 1.0' in counted
