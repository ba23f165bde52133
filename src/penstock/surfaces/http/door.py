"""What every route does on the way in, in this order: draining, who, how often, shape, a place to work in."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request

from penstock.domain.pipelines import Caller, GeneratePipeline, PipelineResult, Plan, StageEvent
from penstock.errors import InvalidApiKey, PolicyViolations
from penstock.gateway.service import Credential
from penstock.pipelines.interruptions import Ending
from penstock.surfaces.http.edge import HEADERS, TRACE
from penstock.surfaces.http.limits import Limits
from penstock.surfaces.http.places import Places
from penstock.surfaces.http.problems import rate_headers
from penstock.surfaces.http.reading import ClientGone, header_values, read_json, timeout_s
from penstock.surfaces.http.refusals import DeadlineExceeded, ShuttingDown
from penstock.surfaces.http.requests import Body, shaped
from penstock.surfaces.http.work import Leaving, Work
from penstock.telemetry.service import Telemetry
from penstock.telemetry.trace import RequestTrace, current_trace

if TYPE_CHECKING:
    from penstock.surfaces.engine import Engine

Shape = TypeVar("Shape", bound=Body)
Result = TypeVar("Result")
_LONGEST_CREDENTIAL = 512


class Door:
    """The state of one server: the engine behind it, the places in it, whether it still takes work."""

    def __init__(self, engine: Engine, *, telemetry: Telemetry, limits: Limits) -> None:
        if engine.gateway is None:
            message = "The REST door needs a gateway: without one everybody would be let in."
            raise ValueError(message)
        self.engine = engine
        self.gateway = engine.gateway
        self.telemetry = telemetry
        self.limits = limits
        self.draining = False
        self.places = Places(limits, telemetry)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running: Counter[tuple[str, str, str | None]] = Counter()
        if telemetry.metrics:
            telemetry.metrics.generating.set_function(lambda: float(self.places.room.taken))
            telemetry.metrics.waiting.set_function(lambda: float(self.places.room.waiting))

    def drain(self) -> None:
        """Take no new work from now on (BEHAVIOUR.md §2.7); what is being worked on goes on."""
        self.draining = True

    async def close(self, within_s: float = 1.0) -> None:
        """Let the generations nobody waits for any more end, then cancel the rest: their keys resume them."""
        self.drain()
        tasks = tuple(self._tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=within_s)
        for task in late:
            task.cancel(Ending.INTERRUPTED.value)
        await asyncio.gather(*late, return_exceptions=True)

    async def admit(self, request: Request, scope: str) -> Caller:
        """Return who asks. Raises ShuttingDown, InvalidApiKey, PermissionDenied, RateLimitExceeded, AuthUnavailable."""
        if self.draining:
            request.scope[HEADERS].append((b"connection", b"close"))
            raise ShuttingDown
        trace: RequestTrace = request.scope[TRACE]
        begun = time.perf_counter()
        try:
            admission = await self.gateway.admit(_credential(request), scope)
        except InvalidApiKey:
            self.telemetry.count("auth_failures")
            raise
        trace.stages["admit"] = round((time.perf_counter() - begun) * 1000, 3)
        caller: Caller = admission.caller
        trace.fields.update(org=caller.org_id, principal=caller.principal_id)
        request.scope[HEADERS].extend(rate_headers(admission.limit, admission.remaining, admission.reset_s))
        return caller

    async def body(self, request: Request, kind: type[Shape]) -> Shape:
        """Read, parse and fit the request's body. Raises the InvalidRequest family."""
        return shaped(kind, await read_json(request.scope["headers"], request.receive, self.limits))

    async def generate(self, request: Request, caller: Caller, command: GeneratePipeline) -> PipelineResult:
        """Take a place and do the work. Raises what ``begin`` and the pipeline raise, DeadlineExceeded, ClientGone.

        The work is a task of its own. A client that goes away ends it only before a model is asked; a deadline ends
        what is not promised by then. The same Idempotency-Key goes on in every case (BEHAVIOUR.md §2.6).
        """
        leaving = Leaving(request.receive)
        try:
            work = await self.begin(request, caller, command)
            return await self._awaited(work, leaving)
        finally:
            leaving.close()

    async def begin(
        self,
        request: Request,
        caller: Caller,
        command: GeneratePipeline,
        on_stage: Callable[[StageEvent], None] | None = None,
    ) -> Work:
        """Start a generation in a place, which is given back when it ends. Raises Overloaded, ConcurrencyLimited.

        Who sends a key again while it is worked on needs no place: the record tells what becomes of it.
        """
        within_s = timeout_s(request.scope["headers"], self.limits.deadline_s)
        key = (caller.org_id, caller.principal_id, command.idempotency_key)
        again = self._running[key] > 0
        if not again:
            await self.places.enter(caller)
        self._running[key] += 1
        work = Work(within_s, on_stage)
        work.start(self._counted(caller, command, request.scope[TRACE], work, within_s / self.limits.deadline_s))
        self._tasks.add(work.task)
        work.task.add_done_callback(partial(self._left, caller, key, again=again))
        return work

    def _left(self, caller: Caller, key: tuple[str, str, str | None], task: asyncio.Task[Any], *, again: bool) -> None:
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        self._ended(task)
        if not again:
            self.places.leave(caller)

    async def _awaited(self, work: Work, leaving: Leaving) -> PipelineResult:
        try:
            await asyncio.wait({work.task, leaving.task}, timeout=work.within_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # the server stops, and has waited as long as it can
            work.end(Ending.INTERRUPTED)
            await work.settled()
            raise
        if leaving.gone and not work.task.done():
            work.end(Ending.CLIENT_GONE)
            raise ClientGone
        if not work.task.done():
            work.end(Ending.DEADLINE)
            await work.settled()
        if not work.task.done() or work.late:
            self.telemetry.count("request_timeouts")
            trace = current_trace.get()
            if trace is not None and trace.promised is not None:
                return PipelineResult.promised(trace.promised, trace.trace_id)
            raise DeadlineExceeded
        return work.result()

    async def examine(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Take a place for work that keeps nothing: a plan, a verdict. Raises as ``generate`` does.

        Late work keeps its place until it ends: its thread cannot be stopped, and many of them would stop all others.
        """
        await self.places.room.take()
        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._examined)
        try:
            return await self._in_time(task)
        except DeadlineExceeded:
            message = "The work took longer than the request may last; nothing is kept of it."
            raise DeadlineExceeded(message, next_steps=("Send fewer or smaller files.",)) from None

    async def _in_time(self, task: asyncio.Task[Result]) -> Result:
        done, _ = await asyncio.wait({task}, timeout=self.limits.deadline_s)
        if not done:
            self.telemetry.count("request_timeouts")
            raise DeadlineExceeded
        return task.result()

    async def _counted(
        self, caller: Caller, command: GeneratePipeline, trace: RequestTrace, work: Work, scale: float
    ) -> PipelineResult:
        begun = time.perf_counter()
        try:
            result = await self.engine.pipelines.generate(
                caller, command, work.saw, trace_id=trace.trace_id, scale=scale
            )
        except PolicyViolations:
            self.telemetry.count_validation(allowed=False)
            raise
        trace.fields["pipeline_id"] = result.pipeline_id
        if result.replayed is None:
            self.telemetry.count_validation(allowed=result.plan.decision.allow)
            path = _path(result.plan)
            self.telemetry.count_generation((time.perf_counter() - begun) * 1000, path=path)
        return result

    def _examined(self, task: asyncio.Task[Any]) -> None:
        self._ended(task)
        self.places.room.leave()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # asked for here, so that a failure nobody waits for any more is no warning


def _path(plan: Plan) -> str:
    """Return which way a pipeline came (BEHAVIOUR.md C37)."""
    if plan.degraded:
        return "degraded"
    return "retried" if plan.model is not None and len(plan.model.attempts) > 1 else "happy"


def _credential(request: Request) -> Credential:
    """Return what the headers say about the caller; nothing else of a request does (POLICY.md §4, H46, H49)."""
    headers = request.scope["headers"]
    client = request.scope.get("client")
    return Credential(
        authorization=_texts(header_values(headers, b"authorization")),
        api_key=_texts(header_values(headers, b"x-api-key")),
        client_ip=client[0] if client else "",
    )


def _texts(values: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(value[:_LONGEST_CREDENTIAL].decode("latin-1") for value in values)
