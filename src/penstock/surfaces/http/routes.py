"""What the REST door serves. Each handler reads: who, shape, one call of the engine, answer."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from penstock.domain.policy import Profile
from penstock.errors import InvalidConfiguration, PipelineNotFound
from penstock.kit.ids import uuid7
from penstock.pipelines.answers import decision_document, plan_document
from penstock.surfaces.http import openapi
from penstock.surfaces.http.answers import PIPELINES, encoded, ended_answer, record_document, result_answer
from penstock.surfaces.http.edge import HEADERS, TRACE
from penstock.surfaces.http.events import MEDIA_TYPE as EVENTS
from penstock.surfaces.http.events import generate_with_events
from penstock.surfaces.http.reading import header_values, idempotency_key
from penstock.surfaces.http.requests import GenerateBody, ValidateBody, as_bytes
from penstock.surfaces.http.trail_routes import add_trail

if TYPE_CHECKING:
    from penstock.surfaces.http.door import Door

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 200


def api(door: Door) -> APIRouter:
    """Return the routes under /api/v1."""
    router = APIRouter(redirect_slashes=False)
    _add_work(router, door)
    _add_reading(router, door)
    _add_upkeep(router, door)
    add_trail(router, door)
    return router


def _add_work(router: APIRouter, door: Door) -> None:
    pipelines = door.engine.pipelines

    @router.post(f"{PIPELINES}/generate", **openapi.operation("generate"))
    async def generate(request: Request) -> Response:
        caller = await door.admit(request, "pipelines:generate")
        key = idempotency_key(request.scope["headers"]) or uuid7().hex
        request.scope[HEADERS].append((b"idempotency-key", key.encode()))
        body = await door.body(request, GenerateBody)
        if _wants_events(request):
            return await generate_with_events(door, request, caller, body.command(key))
        return result_answer(await door.generate(request, caller, body.command(key))).response()

    @router.post(f"{PIPELINES}/plan", **openapi.operation("plan"))
    async def plan(request: Request) -> Response:
        caller = await door.admit(request, "pipelines:generate")
        body = await door.body(request, GenerateBody)
        planned = await door.examine(lambda: pipelines.plan(caller, body.command(None)))
        door.telemetry.count_validation(allowed=planned.decision.allow)
        trace = request.scope[TRACE]
        return _json({**plan_document(planned), "timings": trace.stages, "trace_id": trace.trace_id})

    @router.post("/api/v1/validate", **openapi.operation("validate"))
    async def validate(request: Request) -> Response:
        caller = await door.admit(request, "pipelines:validate")
        body = await door.body(request, ValidateBody)
        decision = await door.examine(
            lambda: pipelines.validate(
                caller,
                as_bytes(body.files),
                profile=Profile(body.profile),
                service_name=body.service_name,
                public=body.public,
                repo_paths=body.repo_paths,
            )
        )
        door.telemetry.count_validation(allowed=decision.allow)
        return _json({**decision_document(decision), "trace_id": request.scope[TRACE].trace_id})


def _add_reading(router: APIRouter, door: Door) -> None:
    pipelines = door.engine.pipelines

    @router.get(PIPELINES, **openapi.operation("list"))
    async def listed(request: Request) -> Response:
        caller = await door.admit(request, "pipelines:read")
        limit, before = _page(request)
        records = await pipelines.list(caller, limit=limit, before=before)
        return _json({"pipelines": [record_document(record) for record in records]})

    @router.get(PIPELINES + "/{pipeline_id}", **openapi.operation("get"))
    async def get(request: Request, pipeline_id: str) -> Response:
        caller = await door.admit(request, "pipelines:read")
        return _json(record_document(await pipelines.get(caller, _id(pipeline_id))))

    @router.get(PIPELINES + "/{pipeline_id}/artifacts", **openapi.operation("artifacts"))
    async def artifacts(request: Request, pipeline_id: str) -> Response:
        caller = await door.admit(request, "pipelines:read")
        files = await pipelines.artifacts(caller, _id(pipeline_id))
        return _json(
            {
                "pipeline_id": _id(pipeline_id),
                "artifacts": {file.path: file.text for file in files},
                "sha256": {file.path: file.sha256 for file in files},
            }
        )


def _add_upkeep(router: APIRouter, door: Door) -> None:
    pipelines = door.engine.pipelines

    @router.post(PIPELINES + "/{pipeline_id}/commit", **openapi.operation("commit"))
    async def commit(request: Request, pipeline_id: str) -> Response:
        caller = await door.admit(request, "pipelines:commit")
        return ended_answer(await pipelines.commit(caller, _id(pipeline_id))).response()

    @router.post(PIPELINES + "/{pipeline_id}/cancel", **openapi.operation("cancel"))
    async def cancel(request: Request, pipeline_id: str) -> Response:
        caller = await door.admit(request, "pipelines:commit")
        return ended_answer(await pipelines.cancel(caller, _id(pipeline_id))).response()

    @router.get(PIPELINES + "/{pipeline_id}/bundle", **openapi.operation("bundle"))
    async def bundle(request: Request, pipeline_id: str) -> Response:
        caller = await door.admit(request, "pipelines:read")
        patch = await pipelines.bundle(caller, _id(pipeline_id))
        name = f'attachment; filename="{_id(pipeline_id)}.patch"'
        return Response(patch, media_type="text/x-patch", headers={"Content-Disposition": name})

    @router.post("/internal/reconcile", **openapi.operation("reconcile"))
    async def reconcile(request: Request) -> Response:
        await door.admit(request, "org:admin")
        scan = await pipelines.reconcile()
        return _json({**scan.document(), "trace_id": request.scope[TRACE].trace_id})


def _json(document: object) -> Response:
    return Response(encoded(document), media_type="application/json")


def _id(text: str) -> str:
    """Return the id in its one spelling. Raises PipelineNotFound for what is no uuid: there is no such pipeline."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise PipelineNotFound from None


def _page(request: Request) -> tuple[int, str | None]:
    """Return page size and cursor. Raises InvalidConfiguration."""
    limit, before = request.query_params.get("limit"), request.query_params.get("before")
    if limit is not None and not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= _LARGEST_PAGE):
        message = f"limit must be a whole number from 1 to {_LARGEST_PAGE}."
        raise InvalidConfiguration(message, fields=["limit"])
    try:
        cursor = None if before is None else str(uuid.UUID(before))
    except ValueError:
        message = "before must be the id of a pipeline."
        raise InvalidConfiguration(message, fields=["before"]) from None
    return (_DEFAULT_PAGE if limit is None else int(limit)), cursor


def _wants_events(request: Request) -> bool:
    accepted = b",".join(header_values(request.scope["headers"], b"accept")).decode("latin-1").lower()
    return any(part.partition(";")[0].strip() == EVENTS for part in accepted.split(","))
