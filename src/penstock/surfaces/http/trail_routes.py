"""An organisation's own trail: GET /api/v1/audit and /api/v1/usage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import orjson
from fastapi import APIRouter, Request, Response

from penstock.domain.audit import AuditRow
from penstock.domain.events import UsageDay
from penstock.errors import InvalidConfiguration, NotFound
from penstock.surfaces.http import openapi
from penstock.surfaces.http.answers import encoded

if TYPE_CHECKING:
    from penstock.pipelines.trail import Trail
    from penstock.surfaces.http.door import Door

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 200
_DAYS, _MOST_DAYS = 30, 366
_NUMBER = re.compile(r"\A[1-9][0-9]{0,17}\Z")


def add_trail(router: APIRouter, door: Door) -> None:
    """Add the routes."""

    @router.get("/api/v1/audit", **openapi.operation("audit"))
    async def audit(request: Request) -> Response:
        caller = await door.admit(request, "audit:read")
        limit = _number(request, "limit") or _DEFAULT_PAGE
        if limit > _LARGEST_PAGE:
            _refuse("limit", f"a whole number from 1 to {_LARGEST_PAGE}")
        rows = await _trail(door).audit(caller, limit=limit, before=_number(request, "before"))
        following = rows[-1].audit_id if len(rows) == limit else None
        return _json({"audit": [_row(row) for row in rows], "next": following})

    @router.get("/api/v1/usage", **openapi.operation("usage"))
    async def usage(request: Request) -> Response:
        caller = await door.admit(request, "usage:read")
        last = _day(request, "to") or datetime.now(UTC).date()
        first = _day(request, "from") or max(date.min + timedelta(days=_DAYS), last) - timedelta(days=_DAYS - 1)
        if not timedelta(0) <= last - first < timedelta(days=_MOST_DAYS):
            _refuse("from", f"a day before `to` or the same, and at most {_MOST_DAYS} days back")
        days = await _trail(door).usage(caller, first=first, last=last)
        return _json({"from": first, "to": last, "days": [_used(day) for day in days], "totals": _totals(days)})


def _trail(door: Door) -> Trail:
    if door.engine.trail is None:
        message = "This server keeps no record."
        raise NotFound(message)
    return door.engine.trail


def _row(row: AuditRow) -> dict[str, Any]:
    return {
        "audit_id": row.audit_id,
        "at": row.at,
        "principal_id": row.principal_id,
        "pipeline_id": row.pipeline_id,
        "action": row.action,
        "before": row.before,
        "after": row.after,
        "detail": orjson.loads(row.detail),
        "trace_id": row.trace_id,
        "seal_no": row.seal_no,
        "hash": None if row.hash is None else row.hash.hex(),
    }


def _used(day: UsageDay) -> dict[str, Any]:
    return {
        "day": day.day, "kind": day.kind, "events": day.events, "tokens": day.tokens, "micro_usd": day.micro_usd,
    }  # fmt: skip


def _totals(days: Sequence[UsageDay]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for day in days:
        kind = totals.setdefault(day.kind, {"events": 0, "tokens": 0, "micro_usd": 0})
        kind["events"] += day.events
        kind["tokens"] += day.tokens
        kind["micro_usd"] += day.micro_usd
    return totals


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not _NUMBER.match(text):
        _refuse(name, "a whole number from 1 on")
    return int(text)


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        _refuse(name, "a day like 2026-11-24")


def _refuse(name: str, wanted: str) -> NoReturn:
    message = f"{name} must be {wanted}."
    raise InvalidConfiguration(message, fields=[name])


def _json(document: object) -> Response:
    return Response(encoded(document), media_type="application/json")
