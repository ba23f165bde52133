"""Loads code while the database starts: the one needs this process, the other does not."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Sequence

COMMAND = ("asyncpg", "penstock.policy.secrets", "penstock.pipelines.planning", "penstock.policy.gate")
SERVER = (
    "penstock.policy.secrets",
    "penstock.telemetry.log",
    "penstock.telemetry.metrics",
    "asyncpg",
    "penstock.gateway.redis_counters",
    "penstock.pipelines.planning",
    "penstock.policy.gate",
    "penstock.surfaces.http.app",
    "penstock.surfaces.http.server",
)
"""In the order in which they are needed. Leaving one out, or naming one too many, costs only time."""


def load(modules: Sequence[str]) -> None:
    """Import what takes long; whoever needs a module meanwhile waits for it alone."""
    for name in modules:
        importlib.import_module(name)


def settle() -> None:
    """Leave all that is loaded by now out of the collector's rounds; a full round stopped everything for 30 ms."""
    gc.collect()
    gc.freeze()
