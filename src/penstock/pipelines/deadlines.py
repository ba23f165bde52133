"""By when each part of a walk must be done: absolute, so that no stage can spend another's time (BEHAVIOUR.md §2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.pipelines.walk import Walk


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Latest finishes in seconds since the walk began."""

    model_s: float = 36.0
    judge_s: float = 38.0

    def model(self, walk: Walk) -> float:
        """Return the monotonic second by which the model must be done, its retries included."""
        return walk.begun + self.model_s * walk.scale

    def judge(self, walk: Walk) -> float:
        """Return the monotonic second by which the verdict must be there, repairs included."""
        return walk.begun + self.judge_s * walk.scale


DEADLINES = Deadlines()
"""Those of BEHAVIOUR.md §2.4."""
