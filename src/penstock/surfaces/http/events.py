"""Progress as server-sent events: one ``stage`` per stage, then one ``result`` or one ``problem``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

from penstock.domain.pipelines import Caller, GeneratePipeline, StageEvent
from penstock.errors import PenstockError
from penstock.pipelines.interruptions import Ending
from penstock.surfaces.http.answers import result_answer
from penstock.surfaces.http.door import Door
from penstock.surfaces.http.edge import TRACE
from penstock.surfaces.http.problems import describe, unexpected
from penstock.surfaces.http.work import Work
from penstock.telemetry.trace import RequestTrace

MEDIA_TYPE = "text/event-stream"


async def generate_with_events(
    door: Door, request: Request, caller: Caller, command: GeneratePipeline
) -> StreamingResponse:
    """Take a place, start the work and answer with its events. Raises as ``Door.begin`` before anything has begun."""
    queue: asyncio.Queue[StageEvent | None] = asyncio.Queue()
    work = await door.begin(request, caller, command, queue.put_nowait)
    work.task.add_done_callback(lambda _: queue.put_nowait(None))
    return StreamingResponse(_stream(door, work, queue, request.scope[TRACE]), media_type=MEDIA_TYPE)


async def _stream(
    door: Door, work: Work, queue: asyncio.Queue[StageEvent | None], trace: RequestTrace
) -> AsyncIterator[bytes]:
    try:
        while True:
            try:
                async with asyncio.timeout(door.limits.heartbeat_s):
                    event = await queue.get()
            except TimeoutError:
                yield b": still working\n\n"
                continue
            if event is None:
                break
            told = {"stage": event.name, "outcome": event.outcome, "ms": event.ms, "detail": event.detail}
            yield _event("stage", told)
    finally:
        if not work.task.done():  # nobody reads any more
            work.end(Ending.CLIENT_GONE)
    yield _ending(door, work, trace)


def _ending(door: Door, work: Work, trace: RequestTrace) -> bytes:
    """Return the last event; the status has been sent long ago, so the document carries its own."""
    try:
        answer = result_answer(work.result())
    except PenstockError as problem:
        told = describe(problem, trace.trace_id)
    except Exception as problem:  # noqa: BLE001 -- a bug of ours is told as one, with the trace id only
        door.telemetry.log("http.request_failed", level="error", exception=problem)
        told = unexpected(trace.trace_id)
    else:
        trace.ended_as = answer.status
        return _event("result", {"http_status": answer.status, **answer.document})
    trace.ended_as = told.status
    trace.fields["error"] = told.slug
    if "pipeline_id" in told.document:
        trace.fields["pipeline_id"] = told.document["pipeline_id"]
    return _event("problem", told.document)


def _event(name: str, document: dict[str, Any]) -> bytes:
    data = orjson.dumps(document, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
