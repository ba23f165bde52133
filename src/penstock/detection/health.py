"""The path a program answers to say that it is well, as its own routes name it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.domain.facts import Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

MAX_SOURCES = 100
"""Source files looked through, those nearest to the service's folder first."""
MAX_ROUTED = 1_000
"""Source files looked through in a whole repository: a bound on time."""
_CODE = (
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".mts",
    ".py",
    ".go",
    ".java",
    ".kt",
    ".rb",
    ".php",
    ".cs",
    ".rs",
    ".ex",
    ".scala",
)
_NAMES = (
    "healthz",
    "health",
    "livez",
    "readyz",
    "readiness",
    "liveness",
    "live",
    "ready",
    "healthcheck",
    "health-check",
    "up",
)
"""Last part of the path, the likeliest first."""
_ROUTE = re.compile(
    r"(?:\bget|\broute|\bpath|\bmap\w*|\bhandle\w*|\buse|\bany|\burl)\W{0,3}\s*\(?\s*(?:GET\s+)?"
    r"[\"'`](?:GET\s+)?(?P<path>/?(?:[\w-]{1,20}/){0,2}(?P<name>" + "|".join(_NAMES) + r"))/?[\"'`]",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(^|/)(tests?|__tests__|spec|e2e|dist|build|target|examples?|docs?|fixtures|testdata|client|public)/"
    r"|(_test|\.test|\.spec)\.\w+$|(^|/)test_[^/]+$"
)
_CALLED = re.compile(r"(axios|request|fetch|http|client|supertest|requests|agent|urllib)\w*\s*\.\s*$", re.IGNORECASE)
"""What stands before a method that asks others instead of answering."""


_GRPC_HEALTH = re.compile(
    r"\bRegisterHealthServer\(|\badd_HealthServicer_to_server\(|\bHealthStatusManager\b|\bHealthImplBase\b"
    r"|\bHealthImplementation\b|\bMapGrpcHealthChecksService\b|\bhealth_reporter\(|\b[hH]ealth\w{0,20}\.Health\.service\b"
)
"""How code registers the service grpc.health.v1.Health, by language; clients of it do not match."""


def grpc_health_of(folder: Folder, others: tuple[str, ...] = ()) -> Fact[str] | None:
    """Return the mark ``grpc-health`` with the place that registers grpc.health, None when no source does."""
    elsewhere = tuple(f"{other}/" for other in others)
    own = [path for path in folder.below if path.endswith(_CODE) and not path.startswith(elsewhere)]
    own = sorted((path for path in own if not _ASIDE.search(path)), key=lambda path: (path.count("/"), path))
    for path in own[:MAX_SOURCES]:
        match = _GRPC_HEALTH.search(folder.text(path) or "") if folder.mentions(path, "ealth") else None
        if match is not None:
            return folder.fact("grpc-health", path, match.string.count("\n", 0, match.start()) + 1)
    return None


def health_path_of(folder: Folder, others: tuple[str, ...] = ()) -> Fact[str] | None:
    """Return the route for probes with its place, None when no source names one. ``others`` are left out."""
    elsewhere = tuple(f"{other}/" for other in others)
    own = [path for path in folder.below if path.endswith(_CODE) and not path.startswith(elsewhere)]
    own = sorted((path for path in own if not _ASIDE.search(path)), key=lambda path: (path.count("/"), path))
    best: tuple[int, str, str, int] | None = None
    for path in own[: max(0, min(MAX_SOURCES, MAX_ROUTED - folder.readings.routed))]:
        folder.readings.routed += 1
        if not folder.mentions(path, "ealth", "/live", "/ready", "/up"):
            continue
        text = folder.text(path) or ""
        for match in _ROUTE.finditer(text):
            asks = match.group().lower().startswith("get")
            if asks and _CALLED.search(text, max(0, match.start() - 30), match.start()):
                continue
            rank = _NAMES.index(match["name"].lower())
            if best is None or rank < best[0]:
                route = "/" + match["path"].lstrip("/")
                best = (rank, route, path, text.count("\n", 0, match.start("path")) + 1)
    return None if best is None else folder.fact(best[1], best[2], best[3])
