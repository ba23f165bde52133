"""The OpenAPI document. Handlers read bodies themselves, after the caller was admitted, so it is told here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from penstock.surfaces.http import documents
from penstock.surfaces.http.problems import MEDIA_TYPE
from penstock.surfaces.http.requests import GenerateBody, ValidateBody

_REFS = "#/components/schemas/{model}"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters: the same key and body never make a second pipeline.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}
_TIMEOUT = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "required": False,
    "description": "Milliseconds the caller waits; every stage gets its share. After that the answer is 504.",
    "schema": {"type": "integer", "minimum": 5000, "maximum": 45000},
}
_LIMIT = {
    "name": "limit",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": 200},
}
_ROW_ID = {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999_999}
_PAGE = [
    _LIMIT,
    {"name": "before", "in": "query", "required": False, "schema": {"type": "string", "format": "uuid"}},
]
_ALWAYS = {401: "Invalid API key", 403: "The key lacks the scope", 429: "Rate limit exceeded"}
_FAULTS = {500: "Database error, or a bug of ours", 503: "A part of Penstock is unavailable"}
_BODY = {
    400: "No readable request",
    408: "The body came too slowly",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A field cannot be used, or the policies deny",
}
_OPERATIONS: dict[str, dict[str, Any]] = {
    "generate": {
        "summary": "One sentence in, a judged pipeline out",
        "scope": "pipelines:generate",
        "body": GenerateBody,
        "answers": {
            201: (documents.PipelineAnswer, "The pipeline was made"),
            200: (documents.PipelineAnswer, "Dry run, or a stream of events"),
            202: (documents.PipelineAnswer, "Made and promised; its delivery goes on"),
        },
        "problems": {
            **_BODY, 404: "No skill fits", 409: "In flight, or files in the way", 504: "Deadline exceeded",
        },
        "parameters": [_KEY, _TIMEOUT],
        "events": True,
    },
    "plan": {
        "summary": "What generate would do, without doing it",
        "scope": "pipelines:generate",
        "body": GenerateBody,
        "answers": {200: (documents.PlanAnswer, "The plan, allowed or not")},
        "problems": {**_BODY, 404: "No skill fits"},
    },
    "validate": {
        "summary": "Judge files somebody else wrote",
        "scope": "pipelines:validate",
        "body": ValidateBody,
        "answers": {200: (documents.ValidateAnswer, "The verdict, allowed or not")},
        "problems": _BODY,
    },
    "list": {
        "summary": "The organisation's pipelines, newest first",
        "scope": "pipelines:read",
        "answers": {200: (documents.PipelineList, "One page")},
        "problems": {422: "limit or before cannot be used"},
        "parameters": _PAGE,
    },
    "get": {
        "summary": "One pipeline",
        "scope": "pipelines:read",
        "answers": {200: (documents.PipelineSummary, "Its record")},
        "problems": {404: "No such pipeline in your organisation", 422: "Not used"},
    },
    "artifacts": {
        "summary": "The files of one pipeline",
        "scope": "pipelines:read",
        "answers": {200: (documents.ArtifactsAnswer, "Path -> content")},
        "problems": {404: "No such pipeline in your organisation", 422: "Not used"},
    },
    "commit": {
        "summary": "Deliver again: what failed, or what waits",
        "scope": "pipelines:commit",
        "answers": {
            201: (documents.PipelineAnswer, "Delivered"),
            202: (documents.PipelineAnswer, "Not possible now; it is finished by the system"),
        },
        "problems": {
            404: "No such pipeline in your organisation", 409: "It neither failed nor waits", 422: "Not used",
        },
    },
    "cancel": {
        "summary": "Call a delivery off that waits",
        "scope": "pipelines:commit",
        "answers": {200: (documents.PipelineAnswer, "Called off; nothing of it is in the repository")},
        "problems": {
            404: "No such pipeline in your organisation", 409: "It does not wait, or may have arrived", 422: "Not used",
        },
    },
    "bundle": {
        "summary": "The files as a patch for git apply",
        "scope": "pipelines:read",
        "answers": {200: (documents.Document, "A patch, text/x-patch")},
        "problems": {404: "No such pipeline in your organisation", 422: "Not used"},
    },
    "reconcile": {
        "summary": "Look once at everything that is due, for a scheduler's tick",
        "scope": "org:admin",
        "answers": {200: (documents.Document, "What was done, by kind")},
        "problems": {422: "Not used"},
    },
    "audit": {
        "summary": "The organisation's audit log, newest first",
        "scope": "audit:read",
        "answers": {200: (documents.AuditPage, "One page; `next` is the `before` of the following one")},
        "problems": {422: "limit or before cannot be used"},
        "parameters": [_LIMIT, {"name": "before", "in": "query", "required": False, "schema": _ROW_ID}],
    },
    "usage": {
        "summary": "What the organisation used, by day",
        "scope": "usage:read",
        "answers": {200: (documents.UsageAnswer, "Counters of these days; the last seconds may be missing")},
        "problems": {422: "from or to cannot be used"},
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": {"type": "string", "format": "date"}}
            for name in ("from", "to")
        ],
    },
}  # fmt: skip


def operation(name: str) -> dict[str, Any]:
    """Return the arguments of a route's decorator."""
    told = _OPERATIONS[name]
    responses: dict[int | str, dict[str, Any]] = {
        status: {"model": model, "description": text} for status, (model, text) in told["answers"].items()
    }
    for status, text in {**_ALWAYS, **told["problems"], **_FAULTS}.items():
        responses[status] = {"model": documents.ProblemDocument, "description": text}
    extra: dict[str, Any] = {"security": [{"bearer": []}, {"apiKey": []}], "parameters": told.get("parameters", [])}
    if "body" in told:
        reference = {"$ref": _REFS.format(model=told["body"].__name__)}
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    return {
        "operation_id": name,
        "summary": told["summary"],
        "description": f"Needs the scope `{told['scope']}`.",
        "status_code": next(iter(told["answers"])),
        "response_model": None,
        "responses": responses,
        "openapi_extra": extra,
    }


def document(app: FastAPI) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_DESCRIPTION)
        components = made.setdefault("components", {})
        components.setdefault("schemas", {}).update(_schemas(GenerateBody, ValidateBody))
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        for path in made["paths"].values():
            for each in path.values():
                _finish(each)
        app.openapi_schema = made
    return app.openapi_schema


_DESCRIPTION = "One sentence in, a CI/CD pipeline out: fitted to the repository, judged by policy. See docs/api.md."


def _finish(told: dict[str, Any]) -> None:
    """Give problems their media type, generate its event stream; drop what FastAPI adds and we never answer."""
    for status, response in list(told["responses"].items()):
        if response.get("description") == "Not used":
            del told["responses"][status]
        elif int(status) >= 400:  # noqa: PLR2004 -- where HTTP's errors begin
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    if _OPERATIONS[told["operationId"]].get("events"):
        told["responses"]["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=_REFS)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return found
