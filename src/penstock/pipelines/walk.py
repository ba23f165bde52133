"""The stages of one walk: each is timed, reported and traced the same way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.domain.pipelines import StageEvent
from penstock.kit.clock import Clock

OnStage = Callable[[StageEvent], None]


class Walk:
    """Tells listeners when a stage starts and ends, and keeps the milliseconds.

    ``begun`` is the clock's monotonic second in which the walk began: deadlines count from it.
    ``scale`` shortens them all alike: the caller waits less long than the specification allows.
    """

    def __init__(self, *listeners: OnStage | None, clock: Clock, scale: float = 1.0) -> None:
        self._listeners = tuple(listener for listener in listeners if listener)
        self.timings: dict[str, float] = {}
        self.begun = clock.monotonic()
        self.scale = scale

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[str], None]]:
        """Run one stage; the value given is a function that sets the detail shown at its end."""
        detail = ""

        def explain(text: str) -> None:
            nonlocal detail
            detail = text

        self.tell(StageEvent(name, "started"))
        begun = time.perf_counter()
        try:
            yield explain
        except BaseException:
            self._end(name, "failed", begun, detail)
            raise
        self._end(name, "ok", begun, detail)

    def skip(self, name: str, why: str) -> None:
        """Report a stage that has nothing to do."""
        self.tell(StageEvent(name, "skipped", 0.0, why))

    def _end(self, name: str, outcome: str, begun: float, detail: str) -> None:
        ms = round((time.perf_counter() - begun) * 1000, 3)
        self.timings[name] = ms
        self.tell(StageEvent(name, outcome, ms, detail))

    def tell(self, event: StageEvent) -> None:
        """Report what happened within a stage, such as one attempt on a model."""
        for listener in self._listeners:
            listener(event)
