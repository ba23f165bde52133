"""Load for the server rows: one after another, then many at once. Loopback only, a fixed number of requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

NAMES = (
    "package.json",
    "package-lock.json",
    "src/server.js",
    "src/app.js",
    "eslint.config.js",
    "test/payments.test.js",
)


def body(example: Path, index: int) -> dict[str, object]:
    """Return a request as the IDE sends it."""
    files = {name: (example / name).read_text() for name in NAMES}
    files["package-lock.json"] = files["package-lock.json"][:20_000]
    context = {"service_name": f"payment-api-{index}", "files": files}
    return {"intent": f"Create CI/CD pipeline for payment-api ({index})", "service_context": context}


async def load(address: str, key: str, example: Path, requests: int) -> dict[str, float]:
    """Return p50 and p99 in milliseconds one by one, and requests a second with 32 (then 60) in flight."""
    import aiohttp

    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(base_url=address, headers=headers) as session:

        async def generate(index: int) -> float:
            begun = time.perf_counter()
            async with session.post("/api/v1/pipelines/generate", json=body(example, index)) as answer:
                text = await answer.text()
                assert answer.status == 201, text[:2000]
            return (time.perf_counter() - begun) * 1000

        for index in range(10):
            await generate(index)
        taken = sorted([await generate(index) for index in range(200)])
        begun = time.perf_counter()
        await bounded(generate, requests, 32)
        rate = requests / (time.perf_counter() - begun)
        await bounded(generate, 120, 60)
    return {"p50": taken[len(taken) // 2], "p99": taken[int(len(taken) * 0.99)], "rate": rate}


async def bounded(generate: Callable[[int], Awaitable[float]], count: int, at_once: int) -> None:
    """Run ``count`` requests, at most ``at_once`` in flight."""
    places = asyncio.Semaphore(at_once)

    async def one(index: int) -> None:
        async with places:
            await generate(index)

    await asyncio.gather(*(one(index) for index in range(count)))
