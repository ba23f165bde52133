"""Puts an engine together from its adapters, and the REST door on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from penstock.bootstrap.adapters import Adapters, open_adapters
from penstock.bootstrap.hosting import build_finishing, build_hosted, build_recovery, keep_promises
from penstock.bootstrap.paperwork import build_trail, keep_paperwork
from penstock.bootstrap.parts import check_production

if TYPE_CHECKING:
    from fastapi import FastAPI

    from penstock.gateway.service import Gateway
    from penstock.pipelines.planning import Planner
    from penstock.policy.gate import Gate
    from penstock.policy.ports import PolicyEngine
    from penstock.settings import Settings
    from penstock.surfaces.engine import Engine, Ping
    from penstock.telemetry.service import Telemetry


def build_engine(settings: Settings, adapters: Adapters) -> Engine:
    """Put an engine together. Opens nothing."""
    from penstock.pipelines.deadlines import Deadlines
    from penstock.pipelines.deliveries import Deliveries
    from penstock.pipelines.service import Pipelines
    from penstock.policy.gate import Gate
    from penstock.surfaces.engine import Engine

    gate = Gate(adapters.policy, fingerprint_key=adapters.fingerprint_key, timeout_s=settings.policy.timeout_s)
    finishing = build_finishing(settings, adapters)
    pipelines = Pipelines(
        planner=_build_planner(settings, adapters, gate),
        gate=gate,
        deliveries=Deliveries(hosted=adapters.host is not None),
        telemetry=adapters.telemetry,
        clock=adapters.clock,
        deadlines=Deadlines(settings.deadline.model_s, settings.deadline.judge_s),
        records=adapters.records,
        finishing=finishing,
        hosted=build_hosted(adapters),
        recovery=build_recovery(settings, adapters, finishing),
        renew_s=settings.database.lease_s / 3,
    )
    trail = build_trail(adapters.database) if adapters.database else None
    return Engine(pipelines, gateway=_build_gateway(settings, adapters), pings=_pings(adapters), trail=trail)


def _build_planner(settings: Settings, adapters: Adapters, gate: Gate) -> Planner:
    from penstock.pipelines.adaptation import Adaptation
    from penstock.pipelines.planning import Planner
    from penstock.pipelines.repairing import Repairing
    from penstock.pipelines.sketching import Sketching, Usual

    usual = Usual(settings.cloud.project, settings.cloud.region, settings.cloud.cluster)
    return Planner(
        Sketching(adapters.skills, usual),
        Adaptation(adapters.adapting, adapters.telemetry),
        Repairing(adapters.policy.catalogue, adapters.telemetry, settings.model.repairs),
        gate,
        adapters.clock,
        settings.detection.max_files,
    )


@asynccontextmanager
async def open_server(settings: Settings) -> AsyncIterator[tuple[Engine, Adapters]]:
    """Open everything a server works with, warm, so that the first request need not wait. Raises as open_adapters."""
    check_production(settings)
    async with open_adapters(settings, record=True, server=True) as adapters:
        engine = build_engine(settings, adapters)
        await adapters.skills.list("local")
        await engine.pipelines.gate.warm()
        try:
            async with keep_paperwork(settings, adapters), keep_promises(engine.pipelines.recovery):
                yield engine, adapters
        finally:
            if engine.gateway is not None:
                await engine.gateway.close()


def _build_gateway(settings: Settings, adapters: Adapters) -> Gateway | None:
    from penstock.gateway.limiter import Limiter
    from penstock.gateway.service import Gateway

    if adapters.keys is None or adapters.hasher is None:
        return None
    chosen = settings.gateway
    limiter = Limiter(
        adapters.counters,
        per_minute=chosen.requests_per_minute,
        clock=adapters.clock,
        telemetry=adapters.telemetry,
    )
    return Gateway(
        adapters.keys,
        adapters.hasher,
        limiter,
        clock=adapters.clock,
        telemetry=adapters.telemetry,
        key_cache_s=chosen.key_cache_s,
        failures_per_minute=chosen.failures_per_minute,
        denials=adapters.denials,
    )


def _pings(adapters: Adapters) -> dict[str, Ping]:
    pings: dict[str, Ping] = {"policies": partial(_ask_policies, adapters.policy)}
    if adapters.records is not None:
        pings["database"] = adapters.records.ping
    if adapters.counters is not None:
        pings["redis"] = adapters.counters.ping
    if adapters.archive is not None:
        pings["archive"] = adapters.archive.ping
    return pings


async def _ask_policies(engine: PolicyEngine) -> None:
    await engine.evaluate({"profile": "standard", "artifacts": [], "facts": {"selftest": ""}})


def build_app(settings: Settings, engine: Engine, telemetry: Telemetry) -> FastAPI:
    """Put the REST door on an engine."""
    from penstock.surfaces.http.app import create_app
    from penstock.surfaces.http.limits import Limits

    http = settings.http
    limits = Limits(
        max_body_bytes=http.max_body_bytes,
        body_timeout_s=http.body_timeout_s,
        max_generations=http.max_generations,
        max_waiting=http.max_waiting,
        max_wait_s=http.max_wait_s,
        per_user=settings.gateway.generations_per_user,
        per_org=settings.gateway.generations_per_org,
        most_memory=http.most_memory,
        deadline_s=settings.deadline.answer_s,
    )
    return create_app(engine, telemetry=telemetry, limits=limits)
