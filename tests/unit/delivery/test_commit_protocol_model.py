"""Every order of two workers, takeovers, kills, lost answers and foreign pushes, walked through the real steps.

The generator of committing.py is the code under check; only the world around it is a model. A step that neither reads
nor writes what others see is carried out together with the one before it, which leaves out no order that matters. A
killed worker is one that is never heard of again, before or after the effect of its step, so every state holds that too;
a worker that is only taken for dead goes on as a zombie. Saving a plan is never fenced here: a fence only ends workers
early, so it is one layer more, and the guards must hold without it.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from penstock.delivery import committing
from penstock.delivery.committing import (
    FindPlan,
    Heads,
    Laid,
    LayTree,
    LookAtHeads,
    MakeCommit,
    MoveBranch,
    Moved,
    Pause,
    RecallPlans,
    SavePlan,
    Step,
    Steps,
    commit_steps,
)
from penstock.delivery.ports import Committed, HostAway

MAIN, OWN = "main", "penstock/shop"
FIRST = "first"
WAITS, REBUILDS = (0.0, 0.0), 2


@dataclass(frozen=True)
class World:
    """What lasts: branches, the plans saved, and how much may still go wrong."""

    main: str = FIRST
    own: str | None = None
    plans: frozenset[str] = frozenset()
    takeovers: int = 3
    lost: int = 2
    foreign: int = 2


@dataclass(frozen=True, eq=False)
class Worker:
    """One attempt: its number, and everything it was told so far, which is all it goes by. Those alike are one."""

    number: int
    heard: tuple[Any, ...] = (None,)


@dataclass(frozen=True)
class Rules:
    """What is explored: the steps, where the commit goes, and whether the same commit gets the same SHA again."""

    steps: Callable[..., Steps]
    branch: str
    repeatable: bool


State = tuple[World, tuple[Worker, ...]]


def history(sha: str | None) -> list[str]:
    """Return all commits up to one: each is named by its whole history, such as first/ours/revert."""
    parts = (sha or "").split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def is_ours(sha: str) -> bool:
    return sha.rpartition("/")[2].startswith("ours")


def has_files(sha: str) -> bool:
    """Whether the files are there: since our commit, until somebody reverts it."""
    kinds = [part for part in sha.split("/") if part.startswith(("ours", "revert"))]
    return bool(kinds) and kinds[-1].startswith("ours")


def double_commit(world: World) -> bool:
    return len({sha for tip in (world.main, world.own) for sha in history(tip) if is_ours(sha)}) > 1


def walked(rules: Rules, worker: Worker) -> tuple[Steps, Step]:
    """Make the generator anew and tell it all its worker heard."""
    walk = rules.steps(rules.branch, MAIN, waits_s=WAITS, rebuilds=REBUILDS)
    step: Step
    for answer in worker.heard:
        step = walk.throw(answer) if isinstance(answer, Exception) else walk.send(answer)
    return walk, step


@cache
def next_step(rules: Rules, worker: Worker) -> Step:
    return walked(rules, worker)[1]


@cache
def advanced(rules: Rules, worker: Worker, answer: Any) -> tuple[Worker | None, Committed | None]:
    """Tell a worker an answer; go on to its next step that others could notice, or to its end."""
    while True:
        worker = replace(worker, heard=(*worker.heard, answer))
        try:
            step = walked(rules, worker)[1]
        except StopIteration as end:
            return None, end.value
        except HostAway:
            return None, None
        if not isinstance(step, FindPlan | LayTree | MakeCommit | Pause):
            return alike(rules, worker), None
        answer = silent_answer(rules, worker, step)


def silent_answer(rules: Rules, worker: Worker, step: Step) -> Any:
    match step:
        case FindPlan(plans, heads):
            own = [(rules.branch, heads.tip)] if heads.tip else []
            tips = [*own, *heads.others]
            return next(((plan, name) for plan in plans for name, tip in tips if plan in history(tip)), None)
        case LayTree(parent):
            return Laid(None if has_files(parent) else "tree")
        case MakeCommit(_, parent, _):
            return f"{parent}/ours" + ("" if rules.repeatable else f"-{worker.number}.{rounds(worker)}")
    return None


def heads_of(rules: Rules, world: World) -> Heads:
    if rules.branch == MAIN:
        return Heads(world.main, world.main, ((OWN, world.own),) if world.own else ())
    return Heads(world.own, world.own or world.main, ((MAIN, world.main),))


def moved(rules: Rules, world: World, step: MoveBranch) -> World | None:
    """Move the branch forwards; None when it is not forwards, as the host says."""
    tip = world.main if rules.branch == MAIN else world.own
    if (tip is not None) if step.make else (tip is None or tip not in history(step.commit)):
        return None
    return replace(world, main=step.commit) if rules.branch == MAIN else replace(world, own=step.commit)


def after_step(rules: Rules, world: World, step: Step) -> Iterator[tuple[World, Any]]:
    """Return what can become of a worker's step: the world afterwards, and what the worker hears."""
    match step:
        case LookAtHeads():
            yield world, heads_of(rules, world)
        case RecallPlans():
            yield world, tuple(sorted(world.plans))
        case SavePlan(_, commit):
            yield replace(world, plans=world.plans | {commit}), None
        case MoveBranch():
            done = moved(rules, world, step)
            yield (world, Moved.BEHIND) if done is None else (done, Moved.DONE)
            if world.lost:
                yield replace(done or world, lost=world.lost - 1), Moved.UNKNOWN
                yield replace(world, lost=world.lost - 1), Moved.UNKNOWN


def successors(rules: Rules, state: State) -> Iterator[State]:
    world, workers = state
    for place, worker in enumerate(workers):
        rest = workers[:place] + workers[place + 1 :]
        for after, answer in after_step(rules, world, next_step(rules, worker)):
            going, ended = advanced(rules, worker, answer)
            check_end(after, ended)
            yield after, (*rest, going) if going else rest
    if world.takeovers:
        taken = replace(world, takeovers=world.takeovers - 1)
        for left in (workers[:1], workers[1:]) if len(workers) > 1 else (workers,):
            yield taken, (*left, alike(rules, Worker(world.takeovers)))
    if world.foreign:
        for field, tip in (("main", world.main), ("own", world.own)):
            for kind in ("theirs", "revert") if tip and has_files(tip) else ("theirs",) if tip else ():
                yield replace(world, foreign=world.foreign - 1, **{field: f"{tip}/{kind}"}), workers


def check_end(world: World, ended: Committed | None) -> None:
    """Hold a worker to its word: what it calls delivered stands in the branch it names."""
    if ended is not None:
        tip = world.main if ended.branch == MAIN else world.own
        assert ended.commit_sha in history(tip) or (ended.no_changes and has_files(ended.commit_sha))


def rounds(worker: Worker) -> int:
    return sum(isinstance(answer, Heads) for answer in worker.heard)


def alike(rules: Rules, worker: Worker) -> Worker:
    """Return the first worker met that stands where this one does, whatever either has heard on its way there."""
    walk, step = walked(rules, worker)
    read = {LookAtHeads: (), RecallPlans: ("heads",), SavePlan: ("heads", "commit"), MoveBranch: ("heads", "commit")}
    names = (*read[type(step)], "unknown", "behind", "signed")  # what is still to be read, in the steps as they are
    names = names if rules.steps is commit_steps else tuple(walk.gi_frame.f_locals)
    made = None if rules.repeatable else (worker.number, rounds(worker))
    stands = (rules, type(step), made, *(walk.gi_frame.f_locals[name] for name in names))
    return met.setdefault(stands, worker)


met: dict[Any, Worker] = {}


def explored(rules: Rules, world: World, *, stop: bool = False) -> tuple[int, int]:
    """Walk through all states, or up to the first bad one; return how many, and in how many there are two commits."""
    begin: State = (world, (alike(rules, Worker(0)),))
    seen: set[Any] = set()
    pending, double = [begin], 0
    while pending and not (stop and double):
        state = pending.pop()
        double += double_commit(state[0])
        for each in successors(rules, state):
            name = (each[0], frozenset(Counter(each[1]).items()))
            if name not in seen:
                seen.add(name)
                pending.append(each)
    return len(seen), double


def mutant(*changes: tuple[str, str]) -> Callable[..., Steps]:
    """Return the real steps with something changed in their source."""
    source = inspect.getsource(commit_steps)
    for before, after in changes:
        assert source.count(before) == 1, before
        source = source.replace(before, after)
    names = dict(vars(committing))
    exec(source, names)  # noqa: S102 -- our own source
    return names["commit_steps"]


SAVE, MOVE = "        yield SavePlan(heads.parent, commit)\n", "moved = yield MoveBranch(commit, heads.tip is None)\n"


@pytest.mark.parametrize("branch", [MAIN, OWN])
@pytest.mark.parametrize("repeatable", [True, False], ids=["same-sha", "random-sha"])
def test_no_order_of_events_makes_a_second_commit(branch: str, repeatable: bool):
    smaller = World(takeovers=2, lost=1, foreign=1)  # every SHA is a new one there, so there is more to walk
    world = World() if repeatable else smaller
    states, double = explored(Rules(commit_steps, branch, repeatable), world)
    assert states > 1_000
    assert double == 0


@pytest.mark.parametrize("branch", [MAIN, OWN])
def test_without_looking_for_earlier_plans_there_are_second_commits(branch: str):
    blind = mutant(("found = (yield FindPlan(tuple(plans), heads)) if plans else None", "found = None"))
    assert explored(Rules(blind, branch, repeatable=True), World(), stop=True)[1] > 0


@pytest.mark.parametrize("branch", [MAIN, OWN])
def test_with_the_plan_saved_after_the_branch_moved_there_are_second_commits(branch: str):
    late = mutant((SAVE, ""), (MOVE, f"{MOVE}            yield SavePlan(heads.parent, commit)\n"))
    assert explored(Rules(late, branch, repeatable=True), World(), stop=True)[1] > 0


@pytest.mark.parametrize("branch", [MAIN, OWN])
def test_with_the_plans_recalled_before_the_heads_are_looked_at_there_are_second_commits(branch: str):
    heads, plans = "        heads = yield LookAtHeads()\n", "        plans = yield RecallPlans()\n"
    early = mutant((heads, ""), (plans, plans + heads))
    assert explored(Rules(early, branch, repeatable=False), World(), stop=True)[1] > 0
