"""The gate as tests use it: the real engine, an engine that remembers what it was asked, and scripted ones."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile, Violation
from penstock.policy.catalogue import LIBRARY
from penstock.policy.gate import Gate
from penstock.policy.ports import PolicyEngine
from penstock.policy.regorus import RegorusEngine

KEY = b"a key for tests, of no worth......"


@cache
def real_engine() -> RegorusEngine:
    return RegorusEngine(LIBRARY)


class Recording:
    """Hands everything to the real engine and keeps the questions."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.inner: PolicyEngine = real_engine()

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def revision(self) -> str:
        return self.inner.revision

    @property
    def catalogue(self) -> Mapping[str, Mapping[str, Any]]:
        return self.inner.catalogue

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(copy.deepcopy(document))
        return await self.inner.evaluate(document)

    def close(self) -> None:
        """Nothing of its own to free."""


class Bending(Recording):
    """Answers what a function makes of the real answer: an engine that is ill."""

    def __init__(self, bend: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__()
        self.bend = bend

    async def evaluate(self, document: dict[str, Any]) -> Any:
        return self.bend(await super().evaluate(document))


class Hanging(Recording):
    """Never answers."""

    async def evaluate(self, document: dict[str, Any]) -> dict[str, Any]:
        await asyncio.Event().wait()
        return document


def judged(
    files: Mapping[str, bytes | str],
    *,
    profile: Profile = Profile.STANDARD,
    origin: str = "existing",
    engine: PolicyEngine | None = None,
    timeout_s: float = 20.0,
    **context: Any,
) -> Decision:
    gate = Gate(engine or real_engine(), fingerprint_key=KEY, timeout_s=timeout_s)
    given = [
        FileToJudge(path, content.encode() if isinstance(content, str) else content, origin)
        for path, content in files.items()
    ]
    return asyncio.run(gate.judge(given, JudgeContext(profile, **context)))


def found(decision: Decision, rule: str = "") -> list[Violation]:
    return [each for each in (*decision.violations, *decision.warnings) if each.rule.startswith(rule)]


def places(decision: Decision, rule: str = "") -> list[str]:
    return [f"{each.file}:{each.line}:{each.column}" for each in found(decision, rule)]
