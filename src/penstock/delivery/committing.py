"""One commit, exactly once: the order of steps, without the host that carries them out (BEHAVIOUR.md §2.2).

``commit_steps`` says what to do next and hears what came of it; ``drive`` carries the steps out. The model check in
tests/unit/delivery walks the very same generator through every order of two workers, crashes and lost answers. Two
guards keep a commit single, and neither may go: a plan is saved before a branch may move, and before a commit is made
every plan ever saved is looked for in the branches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from penstock.delivery.ports import CommitOrder, Committed, HostAway, HostRefused
from penstock.domain.artifacts import Artifact, digest_of

PIPELINE_TRAILER, DIGEST_TRAILER = "Skills-Pipeline-Id", "Skills-Artifact-Digest"
WAITS_S = (1.0, 2.0, 3.0)
"""Before each look at what became of a branch update nobody confirmed."""
REBUILDS = 3
"""How often a commit is made anew because somebody else was faster."""
_REBUILD_WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the branches stand. ``others``: further branches that are looked through for earlier plans."""

    tip: str | None
    """The branch of the order; None when it is not there."""
    parent: str
    """What the commit goes on."""
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Laid:
    """The files as a tree on top of the parent's; ``tree`` is None when the parent has them all already."""

    tree: str | None
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class Moved(Enum):
    """What became of moving a branch."""

    DONE = auto()
    BEHIND = auto()
    """Somebody else moved it first."""
    UNKNOWN = auto()
    """No answer, or none to rely on: it may have moved."""


@dataclass(frozen=True, slots=True)
class LookAtHeads:
    """Answer: Heads."""


@dataclass(frozen=True, slots=True)
class RecallPlans:
    """Answer: the SHAs of all plans, read after the heads."""


@dataclass(frozen=True, slots=True)
class FindPlan:
    """Answer: (sha, branch) of the plan that one of the branches contains, or None."""

    plans: tuple[str, ...]
    heads: Heads


@dataclass(frozen=True, slots=True)
class LayTree:
    """Answer: Laid. Raises DeliveryConflict and PathProblem."""

    parent: str


@dataclass(frozen=True, slots=True)
class MakeCommit:
    """Answer: the commit's SHA. The commit is in no branch yet."""

    tree: str
    parent: str
    signed: bool


@dataclass(frozen=True, slots=True)
class SavePlan:
    """Answer: nothing. Raises when the lease is lost."""

    base: str
    commit: str


@dataclass(frozen=True, slots=True)
class MoveBranch:
    """Answer: Moved. Only ever forwards; ``make``: the branch is not there yet."""

    commit: str
    make: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Answer: nothing, after at most so many seconds."""

    seconds: float


Step = LookAtHeads | RecallPlans | FindPlan | LayTree | MakeCommit | SavePlan | MoveBranch | Pause
Steps = Generator[Step, Any, Committed]


def commit_steps(
    branch: str, start: str, *, signed: bool = False, waits_s: Sequence[float] = WAITS_S, rebuilds: int = REBUILDS
) -> Steps:
    """Yield what is to be done next, be told what came of it, and return how it ended.

    Raises HostAway when the branch update stays unknown or others stay faster; what a step raises passes through, but
    for a demand for signatures, which is met once.
    """
    unknown = behind = 0
    while True:
        heads = yield LookAtHeads()
        plans = yield RecallPlans()
        found = (yield FindPlan(tuple(plans), heads)) if plans else None
        if found:
            return Committed(found[0], found[1], contained=True)
        laid = yield LayTree(heads.parent)
        if laid.tree is None:
            stands_on = branch if heads.tip == heads.parent else start
            return Committed(heads.parent, stands_on, no_changes=True, unchanged=laid.unchanged)
        commit = yield MakeCommit(laid.tree, heads.parent, signed)
        yield SavePlan(heads.parent, commit)
        try:
            moved = yield MoveBranch(commit, heads.tip is None)
        except HostRefused as refusal:
            if refusal.kind != "signatures" or signed:
                raise
            signed = True
            continue
        if moved is Moved.DONE:
            return Committed(commit, branch, written=laid.written, unchanged=laid.unchanged)
        if moved is Moved.BEHIND:
            behind += 1
            if behind > rebuilds:
                raise HostAway(f"Branch {branch} kept moving: {behind} commits came too late.")
            yield Pause(_REBUILD_WAIT_S)
        else:
            unknown += 1
            if unknown > len(waits_s):
                raise HostAway(f"It stayed unknown whether branch {branch} moved.")
            yield Pause(waits_s[unknown - 1])


async def drive(steps: Steps, act: Callable[[Step], Awaitable[Any]]) -> Committed:
    """Carry the steps out one by one. Raises what the steps or ``act`` raise."""
    answer: Any = None
    problem: Exception | None = None
    while True:
        try:
            step = steps.send(answer) if problem is None else steps.throw(problem)
        except StopIteration as end:
            committed: Committed = end.value
            return committed
        answer = problem = None
        try:
            answer = await act(step)
        except Exception as raised:  # noqa: BLE001 -- handed to the steps, which decide
            problem = raised


def message_of(order: CommitOrder) -> str:
    """Return the commit's message: what it is, the files, and the trailers that say whose it is."""
    files = "\n".join(f"- {artifact.path}" for artifact in _sorted(order.artifacts))
    trailers = [f"{PIPELINE_TRAILER}: {order.pipeline_id}", f"{DIGEST_TRAILER}: {digest_of(order.artifacts)}"]
    trailers += [f"Skills-Used: {skill}" for skill in order.skills]
    head = "Add CI/CD pipeline\n\nGenerated by Penstock; docs/cicd/README.md explains it.\n\n"
    return head + files + "\n\n" + "\n".join(trailers) + "\n"


def _sorted(artifacts: Sequence[Artifact]) -> list[Artifact]:
    return sorted(artifacts, key=lambda artifact: artifact.path)
