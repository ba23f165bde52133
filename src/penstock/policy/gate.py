"""The gate: files in, decision out, and never a "passed" that was not proven."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import uuid4

from penstock.domain.policy import Decision, FileToJudge, JudgeContext, Profile, Violation
from penstock.errors import InvalidConfiguration, PolicyEngineUnavailable
from penstock.policy.answer import believed, violations
from penstock.policy.evidence import evidence
from penstock.policy.ports import PolicyEngine
from penstock.policy.question import Question, question
from penstock.policy.reading import Reading, read
from penstock.policy.schemas import warm

MOST_SHOWN = 200
"""Violations a decision lists; the verdict counts all of them."""
_NOT_ENOUGH = frozenset({"docs", "lock", "unknown"})
"""Kinds that are no delivery files by themselves: a set of only these has nothing to validate (H66)."""


_USUAL = 50
"""Documents that the engine's time is meant for; whole repositories get more in proportion."""


class Gate:
    """Judges files. ``fingerprint_key`` keys the fingerprints of secrets; ``timeout_s`` is the engine's time."""

    def __init__(self, engine: PolicyEngine, *, fingerprint_key: bytes, timeout_s: float = 2.0) -> None:
        self._engine = engine
        self._key = fingerprint_key
        self._timeout_s = timeout_s

    @property
    def engine(self) -> PolicyEngine:
        """The engine behind this gate, for read-outs."""
        return self._engine

    @cached_property
    def _engine_name(self) -> str:
        """Asked for once: an engine may have to look up its own version."""
        return self._engine.name

    async def judge(self, files: Sequence[FileToJudge], context: JudgeContext) -> Decision:
        """Return the verdict on exactly these bytes.

        Raises InvalidConfiguration when there is nothing to validate, PolicyEngineUnavailable for anything short of a
        complete evaluation.
        """
        asked = await asyncio.to_thread(self._ask, files, context)
        patience = self._timeout_s * max(1.0, len(asked.document["artifacts"]) / _USUAL)
        try:
            answer = await asyncio.wait_for(self._engine.evaluate(asked.document), patience)
        except TimeoutError:
            message = f"The policy engine did not answer within {patience:g} s."
            raise PolicyEngineUnavailable(message) from None
        found = violations(believed(answer, asked, frozenset(self._engine.catalogue)), asked)
        return self._decision(files, context, asked, found)

    async def warm(self) -> None:
        """Load what the first request would wait for: message types, schemas, scanner, engine."""
        files = [FileToJudge(path, content) for path, content in _WARMING.items()]
        await asyncio.to_thread(warm)
        await self.judge(files, JudgeContext(Profile.STANDARD))

    def _ask(self, files: Sequence[FileToJudge], context: JudgeContext) -> Question:
        paths = [file.path for file in files]
        if len(set(paths)) != len(paths):
            raise InvalidConfiguration("A path is given twice.", fields=["files"])
        readings = read(files)
        asked = question(readings, context, self._key, frozenset(self._engine.catalogue))
        _something_to_validate(readings, asked)
        return asked

    def _decision(
        self, files: Sequence[FileToJudge], context: JudgeContext, asked: Question, found: list[Violation]
    ) -> Decision:
        denied = [each for each in found if each.severity == "deny"]
        warned = [each for each in found if each.severity == "warn"]
        return Decision(
            allow=not denied,
            violations=tuple(denied[:MOST_SHOWN]),
            warnings=tuple(warned[:MOST_SHOWN]),
            waived=(),
            controls=evidence(self._engine.catalogue, asked.kinds, violations=denied, warnings=warned),
            profile=context.profile,
            policy_revision=self._engine.revision,
            decision_id=str(uuid4()),
            input_sha256=input_digest(files),
            rules_evaluated=len(self._engine.catalogue),
            engine=self._engine_name,
            files=tuple(sorted(file.path for file in files)),
            skipped=tuple((path, each.skipped) for path, each in sorted(asked.readings.items()) if each.skipped),
        )


def input_digest(files: Sequence[FileToJudge]) -> str:
    """Return the sha256 over paths and bytes in path order: what was judged is what may be delivered."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda each: each.path):
        digest.update(f"{len(file.path)}:{file.path}:{len(file.content)}:".encode())
        digest.update(file.content)
    return digest.hexdigest()


def _something_to_validate(readings: Sequence[Reading], asked: Question) -> None:
    if asked.kinds - _NOT_ENOUGH or asked.facts:
        return
    reasons: list[Any] = [f"{reading.path}: {reading.skipped or 'documentation'}" for reading in readings]
    message = "There is nothing to validate: no file is a delivery file by its content."
    raise InvalidConfiguration(message, fields=["files"], reasons=reasons[:20])


_WARMING = {
    "cloudbuild.yaml": b"steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, .]\n",
    "clouddeploy.yaml": b"""
apiVersion: deploy.cloud.google.com/v1
kind: Target
metadata: {name: a}
run: {location: projects/a/locations/b}
""",
    "k8s/app.yaml": b"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n",
    "Dockerfile": b"FROM scratch\nENV PASSWORD_FILE=/run/secrets/a\n",
}
