"""One generation under way: how far it is, and when it may be ended before its time (BEHAVIOUR.md §2.6, §2.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.types import Receive

from penstock.domain.pipelines import PipelineResult, StageEvent
from penstock.errors import PenstockError
from penstock.pipelines.interruptions import Ending
from penstock.surfaces.http.refusals import DeadlineExceeded, Interrupted

_ENDABLE = frozenset({"preflight", "detect", "select", "adapt", "plan", "render", "judge", "repair"})
"""Stages in which work may be ended: its record exists, nothing is promised, and no write of it is under way."""
_MODEL = "adapt"
"""From this stage on a model is paid for: the answer is waited for and kept, whoever has gone."""
_RECORDED_S = 1.0
"""Seconds ended work has to say so in its record."""


class Work:
    """A task and its progress. Give ``saw`` to the pipeline as the listener of its stages, then ``start`` it."""

    def __init__(self, within_s: float, on_stage: Callable[[StageEvent], None] | None = None) -> None:
        self.within_s = within_s
        self.task: asyncio.Task[PipelineResult]
        self._on_stage = on_stage
        self._stage = ""
        self._paid = False
        self._wanted: Ending | None = None
        self._ended_for: Ending | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def start(self, coroutine: Coroutine[Any, Any, PipelineResult]) -> None:
        """Begin. Work that is unpromised after ``within_s`` seconds is ended, whether somebody waits or not."""
        self.task = asyncio.create_task(coroutine)
        self._deadline = asyncio.get_running_loop().call_later(self.within_s, self.end, Ending.DEADLINE)
        self.task.add_done_callback(self._done)

    def saw(self, event: StageEvent) -> None:
        """Take note of a stage that began or ended, and tell who listens."""
        if event.outcome == "started":
            self._stage = event.name
            self._paid = self._paid or event.name == _MODEL
        elif event.name == self._stage:
            self._stage = ""
        if self._wanted is not None:
            asyncio.get_running_loop().call_soon(self._end_if_possible)
        if self._on_stage is not None:
            self._on_stage(event)

    def end(self, why: Ending) -> None:
        """End the work now or as soon as that is possible; what is promised, or being promised, is finished."""
        self._wanted = why
        self._end_if_possible()

    def _end_if_possible(self) -> None:
        why = self._wanted
        if why is None or self._stage not in _ENDABLE or self._ended_for is not None:
            return
        if why is Ending.CLIENT_GONE and self._paid:
            return
        self._ended_for = why
        self.task.cancel(why.value)

    @property
    def late(self) -> bool:
        """Whether it was ended because it lasted too long."""
        return self._ended_for is Ending.DEADLINE and self.task.cancelled()

    async def settled(self) -> None:
        """Wait a moment for work that was told to end, so that its record is free before its client learns of it."""
        if self._ended_for is not None:
            await asyncio.wait({self.task}, timeout=_RECORDED_S)

    def result(self) -> PipelineResult:
        """Return what became of the task when it is done. Raises its error; ``problem()`` when it was ended."""
        try:
            return self.task.result()
        except asyncio.CancelledError:
            raise self.problem() from None

    def problem(self) -> PenstockError:
        """Return what is said to the client of work that was ended."""
        return DeadlineExceeded() if self._ended_for is Ending.DEADLINE else Interrupted()

    def _done(self, _: asyncio.Task[PipelineResult]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()


class Leaving:
    """Knows when a client has closed its connection. The request's body must have been read."""

    def __init__(self, receive: Receive) -> None:
        self.task = asyncio.create_task(_left(receive))

    @property
    def gone(self) -> bool:
        """Whether it has."""
        return self.task.done() and not self.task.cancelled()

    def close(self) -> None:
        """Look no more."""
        self.task.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
