"""Puts the REST door together."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from penstock import __version__
from penstock.errors import InvalidRequest, NotFound, PenstockError
from penstock.surfaces.http import openapi
from penstock.surfaces.http.answers import encoded
from penstock.surfaces.http.door import Door
from penstock.surfaces.http.edge import TRACE, Edge
from penstock.surfaces.http.errors_page import errors_page
from penstock.surfaces.http.health import Health
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.problems import describe
from penstock.surfaces.http.refusals import MethodNotAllowed
from penstock.surfaces.http.routes import api
from penstock.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from penstock.surfaces.engine import Engine
    from penstock.telemetry.service import Telemetry

_NOT_FOUND, _NOT_ALLOWED = 404, 405


def create_app(engine: Engine, *, telemetry: Telemetry, limits: Limits | None = None) -> FastAPI:
    """Return the application. ``app.state.door`` drains and closes it. Raises ValueError without a gateway."""
    door = Door(engine, telemetry=telemetry, limits=limits or Limits())
    app = FastAPI(
        title="Penstock",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={PenstockError: _penstock_error, HTTPException: _framework_error},
    )
    app.state.door = door
    app.add_middleware(Edge, telemetry=telemetry)
    app.include_router(api(door))
    _add_operations(app, door)
    return app


def _add_operations(app: FastAPI, door: Door) -> None:
    health = Health(door)

    @app.get("/healthz/live", include_in_schema=False)
    async def live() -> Response:
        return _json(200, {"status": "ok"})

    @app.get("/healthz/ready", include_in_schema=False)
    async def ready() -> Response:
        return _json(*await health.ready())

    @app.get("/healthz/startup", include_in_schema=False)
    async def startup() -> Response:
        return _json(*await health.startup())

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        if door.telemetry.metrics is None:
            message = "This server keeps no metrics."
            raise NotFound(message)
        return Response(door.telemetry.metrics.exposition(), media_type=CONTENT_TYPE)

    @app.get("/openapi.json", include_in_schema=False)
    async def document() -> Response:
        return _json(200, openapi.document(app))

    @app.get("/docs/errors", include_in_schema=False)
    async def errors() -> Response:
        return Response(errors_page(), media_type="text/html; charset=utf-8")


async def _penstock_error(request: Request, problem: Exception) -> Response:
    """Answer with the problem: the only place where our errors become responses."""
    trace = request.scope[TRACE]
    told = describe(cast("PenstockError", problem), trace.trace_id)
    trace.fields["error"] = told.slug
    if "pipeline_id" in told.document:
        trace.fields["pipeline_id"] = told.document["pipeline_id"]
    response = Response(told.body, told.status)
    response.raw_headers.extend(told.headers)
    return response


async def _framework_error(request: Request, problem: Exception) -> Response:
    """Say what the framework refused in our words: no address, no such method, or a request it cannot read."""
    refusal = cast("HTTPException", problem)
    if refusal.status_code == _NOT_FOUND:
        return await _penstock_error(request, NotFound("There is nothing at this address."))
    if refusal.status_code == _NOT_ALLOWED:
        allow = (refusal.headers or {}).get("Allow", "").replace("GET", "GET, HEAD")
        return await _penstock_error(request, MethodNotAllowed(allow=allow))
    return await _penstock_error(request, InvalidRequest())


def _json(status: int, document: object) -> Response:
    return Response(encoded(document), status, media_type="application/json")
