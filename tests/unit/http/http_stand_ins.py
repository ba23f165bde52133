"""Small real objects behind the REST door: they implement the few methods it calls, with plain rules."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import orjson

from penstock.domain.artifacts import Artifact
from penstock.domain.facts import Fact, RepositoryFacts, ServiceFacts, Source
from penstock.domain.pipelines import Caller, Delivery, GeneratePipeline, PipelineResult, Plan, StageEvent, Status
from penstock.domain.policy import Decision, Profile, Violation
from penstock.domain.skills import Selection, SkillUse
from penstock.errors import InvalidApiKey, PermissionDenied, PipelineNotFound, PolicyViolations, RateLimitExceeded
from penstock.surfaces.engine import Engine
from penstock.surfaces.http.app import create_app
from penstock.surfaces.http.limits import Limits
from penstock.telemetry.service import open_telemetry

KEY = "pst_test_good"
PIPELINE_ID = "01900000-0000-7000-8000-000000000001"
BODY = {"intent": "Create CI/CD pipeline for payment-api", "service_context": {"files": {"package.json": "{}"}}}
ALL = frozenset({"pipelines:generate", "pipelines:read", "pipelines:validate"})


@dataclass
class StandInGateway:
    """Knows one key; its scopes and its allowance are the test's to set."""

    scopes: frozenset[str] = ALL
    allowance: int = 100
    seen: list[Any] = field(default_factory=list)
    fails_with: Exception | None = None

    async def admit(self, credential: Any, scope: str) -> Any:
        self.seen.append(credential)
        if self.fails_with:
            raise self.fails_with
        if KEY not in {*credential.api_key, *(each.removeprefix("Bearer ") for each in credential.authorization)}:
            message = "no such key in the list of keys"
            raise InvalidApiKey(message)
        if self.allowance <= 0:
            raise RateLimitExceeded(retry_after_s=37, limit=100, remaining=0, reset_s=37)
        self.allowance -= 1
        if scope not in self.scopes:
            message = f"The key lacks the scope {scope}."
            raise PermissionDenied(message)
        caller = Caller("acme", "ann", self.scopes)
        return SimpleNamespace(caller=caller, limit=100, remaining=self.allowance, reset_s=42.0)


@dataclass
class StandInPipelines:
    """Answers every sentence with the same pipeline, remembers commands, and can be made to fail or to wait."""

    commands: list[GeneratePipeline] = field(default_factory=list)
    validated: list[dict[str, Any]] = field(default_factory=list)
    fails_with: BaseException | None = None
    gate: asyncio.Event | None = None
    finished: int = 0
    replay: dict[str, Any] | None = None
    records: dict[str, Any] = field(default_factory=dict)

    async def generate(
        self,
        caller: Caller,
        command: GeneratePipeline,
        on_stage: Callable[[StageEvent], None] | None = None,
        *,
        trace_id: str = "",
        scale: float = 1.0,
    ) -> PipelineResult:
        self.commands.append(command)
        for name in ("detect", "judge"):
            if on_stage:
                on_stage(StageEvent(name, "started"))
                on_stage(StageEvent(name, "ok", 1.5, f"{name} done"))
        if self.gate:
            await self.gate.wait()
        self.finished += 1
        if self.fails_with:
            raise self.fails_with
        pipeline_id = None if command.options.dry_run else PIPELINE_ID
        return PipelineResult(
            pipeline_id, Status.ACTIVE, plan(), Delivery("none"), {"detect": 1.5}, trace_id, self.replay
        )

    async def plan(self, caller: Caller, command: GeneratePipeline, on_stage: Any = None) -> Plan:
        self.commands.append(command)
        if self.gate:
            await self.gate.wait()
        if self.fails_with:
            raise self.fails_with
        return plan()

    async def validate(self, caller: Caller, files: Any, **options: Any) -> Decision:
        self.validated.append({"files": dict(files), **options})
        if self.gate:
            await self.gate.wait()
        return decision(denied=any(b"AKIA" in content for content in files.values()))

    async def get(self, caller: Caller, pipeline_id: str) -> Any:
        if pipeline_id not in self.records:
            raise PipelineNotFound
        return self.records[pipeline_id]

    async def list(self, caller: Caller, *, limit: int, before: str | None) -> list[Any]:
        return [each for key, each in sorted(self.records.items(), reverse=True) if not before or key < before][:limit]

    async def artifacts(self, caller: Caller, pipeline_id: str) -> tuple[Artifact, ...]:
        await self.get(caller, pipeline_id)
        return (Artifact("Dockerfile", b"FROM scratch\n"),)


def decision(*, denied: bool = False) -> Decision:
    finding = Violation(
        "security.secrets.hardcoded_credential", "security.secrets", "deny", "cloudbuild.yaml", 14, 9, "/steps/2/env/0",
        "hardcoded API key", "Put it into Secret Manager.", ("SOC2:CC6.1",),
    )  # fmt: skip
    found = (finding,) if denied else ()
    controls: dict[str, dict[str, object]] = {"SOC2:CC6.1": {"status": "fail" if denied else "pass", "rules": []}}
    return Decision(not denied, found, (), (), controls, Profile.STANDARD, "r1", "d1", "0" * 64, 48, "stand-in")


def plan() -> Plan:
    service = ServiceFacts(".", "payment-api", "web", "node", language=Fact("nodejs", Source("package.json", 1)))
    spec: Any = SimpleNamespace(target="cloud-run", assumptions=(), questions=())
    return Plan(
        facts=RepositoryFacts("payment-api", deployable=True, primary=service),
        selection=Selection((), ()),
        skills_used=(SkillUse("gcp-nodejs-cicd", "1.0.0", "sha256:00"),),
        spec=spec,
        artifacts=(Artifact("cloudbuild.yaml", b"steps: []\n"),),
        decision=decision(),
        mode="template",
    )


def refused() -> PolicyViolations:
    return PolicyViolations(decision=decision(denied=True))


@dataclass
class House:
    """One application with its stand-ins, and its log."""

    gateway: StandInGateway = field(default_factory=StandInGateway)
    pipelines: StandInPipelines = field(default_factory=StandInPipelines)
    limits: Limits = field(default_factory=Limits)
    pings: dict[str, Any] = field(default_factory=dict)
    log: io.BytesIO = field(default_factory=io.BytesIO)
    on_content: Callable[[bytes], None] = lambda _content: None

    def __post_init__(self) -> None:
        engine: Any = Engine(pipelines=self.pipelines, gateway=self.gateway, pings=self.pings)  # type: ignore[arg-type]
        self.telemetry = open_telemetry(redact=_redact, version="0", stream=self.log)
        self.app = create_app(engine, telemetry=self.telemetry, limits=self.limits)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        found = [orjson.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in found if line["event"] == event]

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request straight into the application; header names are written with underscores."""
        content = b"" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value]
        return await self.send(method, path, pairs, [content])

    async def send(
        self, method: str, path: str, headers: list[tuple[bytes, bytes]], chunks: list[bytes | None]
    ) -> Reply:
        """Send raw headers and chunks; a chunk of None is a client that says no more."""
        waiting = list(chunks)
        reply = Reply(on_content=self.on_content)

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()
            chunk = waiting.pop(0)
            reply.chunks_read += 1
            if chunk is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "scheme": "http",
            "client": ("192.0.2.7", 4711), "server": ("testserver", 80), "root_path": "", "state": {},
        }  # fmt: skip
        await self.app(scope, receive, reply.take)
        return reply


@dataclass
class Reply:
    """What the application sent."""

    status: int = 0
    raw_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""
    chunks_read: int = 0
    on_content: Callable[[bytes], None] = lambda _content: None

    async def take(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            assert not self.status, "a second answer was begun"
            self.status, self.raw_headers = message["status"], list(message["headers"])
        else:
            self.content += message.get("body", b"")
            self.on_content(self.content)

    @property
    def headers(self) -> dict[str, str]:
        names = [name for name, _ in self.raw_headers]
        assert len(names) == len(set(names)), f"a header twice: {names}"
        return {name.decode(): value.decode() for name, value in self.raw_headers}

    @property
    def json(self) -> Any:
        return orjson.loads(self.content)


def _redact(text: str) -> str:
    return text.replace("hunter2", "[redacted]")


@asynccontextmanager
async def running(task: asyncio.Task[Any]) -> AsyncIterator[None]:
    """Keep a task beside the test and end it with the test."""
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
