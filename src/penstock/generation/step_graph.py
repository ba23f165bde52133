"""Steps by their ids, and in an order in which each stands behind what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from penstock.domain.spec import PipelineSpec, Step
from penstock.generation.problems import refused


def matching(wanted: str, ids: Iterable[str], services: Iterable[str], service: str | None = None) -> list[str]:
    """Return the steps that an id means: the step of that id, else those that services have under that name.

    With several services the step ``test`` is called ``web-test``, with one it is ``test``: both are understood.
    ``service`` narrows it to one of them.
    """
    known = set(ids)
    if wanted in known:
        return [wanted]
    names = list(services)
    own = [f"{name}-{wanted}" for name in ([service] if service is not None else names)]
    own += [wanted.removeprefix(f"{names[0]}-")] if len(names) == 1 else []
    return [each for each in dict.fromkeys(own) if each in known]


def ids_of(spec: PipelineSpec) -> list[str]:
    """Return the ids of all steps, in order."""
    return [step.id for step in spec.steps]


def circle(waits: Mapping[str, Iterable[str]]) -> list[str]:
    """Return steps that wait for each other in a circle; none when there is no circle."""
    left = {step: set(wanted) & set(waits) for step, wanted in waits.items()}
    while True:
        ready = {step for step, wanted in left.items() if not wanted}
        if not ready:
            return sorted(left)
        left = {step: wanted - ready for step, wanted in left.items() if step not in ready}


def ordered(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps so that each stands behind what it waits for, else as they came.

    Raises InvalidConfiguration when they wait for each other in a circle.
    """
    known = {step.id for step in steps}
    done: dict[str, Step] = {}
    left = list(steps)
    while left:
        ready = next((step for step in left if set(step.wait_for) & known <= set(done)), None)
        if ready is None:
            ids = ", ".join(step.id for step in left[:5])
            raise refused("steps", f"Steps wait for each other in a circle: {ids}.")
        done[ready.id] = ready
        left.remove(ready)
    return tuple(done.values())


def before(step: str, steps: Mapping[str, Step]) -> set[str]:
    """Return every step that has to be done before one, however far back."""
    found: set[str] = set()
    open_ones = [step]
    while open_ones:
        for wanted in steps[open_ones.pop()].wait_for:
            if wanted in steps and wanted not in found:
                found.add(wanted)
                open_ones.append(wanted)
    return found
