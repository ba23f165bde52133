"""The embedded engine in processes of its own, for servers: an evaluation holds no lock of ours and can be ended.

A process that dies over a question, or hangs, is replaced, and that question has no decision: nothing passes. The
questions behind it are asked elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from penstock.errors import PolicyEngineUnavailable
from penstock.policy import regorus_calls
from penstock.policy.rego_sources import Sources, read_sources
from penstock.policy.regorus_process import NotReached, RegorusProcess

_AHEAD = 3
"""Questions a process is given at once: it need not wait for this one, which may be busy, to hand it the next."""
_GRACE_S = 2.0
"""Seconds an evaluation nobody waits for any more may go on, before its process is ended."""
_START_S = 20.0
_AGAIN_S = 1.0
"""Seconds after which a process that could not be started is tried again."""


@asynccontextmanager
async def open_processes(folder: Path, *, count: int, grace_s: float = _GRACE_S) -> AsyncIterator[RegorusProcesses]:
    """Begin ``count`` processes with the policies of a folder, and end them; `ready` waits until they can judge.

    Raises PolicyEngineUnavailable when the folder holds no rules, or no catalogue.
    """
    engine = RegorusProcesses(read_sources(folder), count=count, grace_s=grace_s)
    try:
        # The processes begin now, even if the caller blocks the loop next.
        await asyncio.sleep(0)
        yield engine
    finally:
        await engine.end()


class RegorusProcesses:
    """Asks each question in the process that is free first; questions wait their turn."""

    def __init__(self, sources: Sources, *, count: int, grace_s: float) -> None:
        self._sources = sources
        self._grace_s = grace_s
        self._load = json.dumps({"policies": sources.policies, "data": sources.data}).encode()
        self._places = asyncio.Semaphore(count * _AHEAD)
        self._changed = asyncio.Event()
        self._able: set[RegorusProcess] = set()
        self._all: set[RegorusProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._starting = [asyncio.ensure_future(self._start()) for _ in range(count)]

    @property
    def name(self) -> str:
        """Engine and version."""
        return regorus_calls.name()

    @property
    def revision(self) -> str:
        """Digest of rules and data."""
        return self._sources.revision

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id -> what the catalogue says of it."""
        return self._sources.catalogue

    async def ready(self) -> None:
        """Wait until every process can judge. Raises PolicyEngineUnavailable, also for Rego that does not parse."""
        await asyncio.gather(*self._starting)

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return the decision document. Raises PolicyEngineUnavailable; a cancelled wait ends a process that hangs."""
        text = json.dumps(document, ensure_ascii=False).encode()
        while not self._closed:
            await self._places.acquire()
            answer = None
            try:
                process = await self._least_busy()
                answer = process.ask(text)
                return regorus_calls.decision(await asyncio.shield(answer))
            except NotReached:
                continue
            except asyncio.CancelledError:
                if answer is not None and not answer.done():
                    self._beside(self._outlasted(process, answer))
                raise
            finally:
                if answer is None or answer.done():
                    self._places.release()
        raise PolicyEngineUnavailable("The policy engine is closed.")

    def close(self) -> None:
        """End every process now; `end` also waits for them."""
        self._closed = True
        for process in self._all:
            process.kill()

    async def end(self) -> None:
        """End every process and all that is done beside."""
        self._closed = True
        beside = [*self._starting, *self._tasks]
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await asyncio.gather(*(process.end() for process in self._all))

    async def _start(self) -> None:
        """Start a process that can judge. Raises PolicyEngineUnavailable."""
        process = await RegorusProcess.start()
        self._all.add(process)
        try:
            await asyncio.wait_for(process.ask(self._load), _START_S)
        except BaseException as problem:
            self._all.discard(process)
            await process.end()
            if isinstance(problem, TimeoutError):
                raise PolicyEngineUnavailable("The policy engine's process does not start.") from problem
            raise
        process.ended.add_done_callback(lambda _: self._beside(self._replaced(process)))
        self._able.add(process)
        self._changed.set()

    async def _least_busy(self) -> RegorusProcess:
        while not (able := [each for each in self._able if each.alive]):
            self._changed.clear()
            await self._changed.wait()
        return min(able, key=lambda each: each.load)

    async def _replaced(self, process: RegorusProcess) -> None:
        """Put another process in the place of one that ended."""
        self._able.discard(process)
        self._all.discard(process)
        await process.end()
        while True:
            with contextlib.suppress(PolicyEngineUnavailable):
                await self._start()
                return
            await asyncio.sleep(_AGAIN_S)

    async def _outlasted(self, process: RegorusProcess, answer: asyncio.Future[bytes]) -> None:
        """End a process that hangs over a question nobody waits for any more, once it is that question's turn."""
        while not answer.done():
            before = process.current
            await asyncio.wait({before}, timeout=self._grace_s if before is answer else None)
            if before is answer and not answer.done():
                process.kill()
                await asyncio.wait({answer})
        self._places.release()

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closed:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
