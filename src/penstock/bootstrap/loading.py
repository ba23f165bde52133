"""Loads the server's code while its database starts: the one needs this process, the other does not."""

from __future__ import annotations

import importlib

_HEAVY = (
    "penstock.policy.secrets",
    "penstock.telemetry.log",
    "penstock.telemetry.metrics",
    "asyncpg",
    "penstock.gateway.redis_counters",
    "penstock.pipelines.planning",
    "penstock.detection.repository",
    "penstock.generation.defaults",
    "penstock.rendering.service",
    "penstock.policy.gate",
    "penstock.surfaces.http.app",
    "penstock.surfaces.http.server",
)
"""In the order in which the start needs them. Leaving one out, or naming one too many, costs only time."""


def load_modules() -> None:
    """Import what takes long; whoever needs a module meanwhile waits for it alone."""
    for name in _HEAVY:
        importlib.import_module(name)
