"""Answers of a model that obeys whoever speaks, in pieces."""

from __future__ import annotations

from typing import Any

STEP = {"id": "smoke", "title": "Smoke test", "lanes": ["main"]}


def step(script: str, **more: Any) -> dict[str, Any]:
    return {"add_steps": [{**STEP, "script": script, **more}]}


def service(**more: Any) -> dict[str, Any]:
    return {"services": [{"name": "payment-api", **more}]}
