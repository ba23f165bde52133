"""One process that judges, seen from the server: questions go in, answers come out in the same order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque

from penstock.errors import PolicyEngineUnavailable
from penstock.policy.regorus_worker import ANSWERED, LENGTH

_END_S = 0.5
_INHERITED = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "RUST_LIB_BACKTRACE")
"""The environment of a process: what Python needs, and none of the secrets that may be in ours."""


class NotReached(Exception):
    """The process ended before it was this question's turn."""


class RegorusProcess:
    """A process and the questions it was given."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise PolicyEngineUnavailable("The policy engine's process has no pipes.")
        self._process = process
        self._questions, self._answers = process.stdin, process.stdout
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self.ended = asyncio.ensure_future(self._listen())

    @classmethod
    async def start(cls) -> RegorusProcess:
        """Start one. Raises PolicyEngineUnavailable."""
        environment = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        command = (sys.executable, "-m", "penstock.policy.regorus_worker")
        try:
            return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment))
        except OSError as problem:
            reason = problem.strerror or type(problem).__name__
            raise PolicyEngineUnavailable(f"The policy engine's process cannot be started: {reason}.") from problem

    @property
    def alive(self) -> bool:
        """Whether it still answers."""
        return not self.ended.done()

    @property
    def load(self) -> int:
        """How many questions it has before the next."""
        return len(self._waiting)

    @property
    def current(self) -> asyncio.Future[bytes]:
        """The answer it works on."""
        return self._waiting[0]

    def ask(self, text: bytes) -> asyncio.Future[bytes]:
        """Return the answer to come. It fails with PolicyEngineUnavailable, or NotReached: ask another."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # An answer nobody waits for any more may fail unread.
        answer.add_done_callback(lambda each: each.cancelled() or each.exception())
        self._waiting.append(answer)
        # A pipe that is closed already refuses; that the process ended is then about to be heard.
        with contextlib.suppress(OSError, RuntimeError):
            self._questions.write(LENGTH.pack(len(text)) + text)
        return answer

    def kill(self) -> None:
        """End it now, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Close the pipe, which ends an idle process; end a busy one."""
        self._questions.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await self.ended

    async def _listen(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                (length,) = LENGTH.unpack(await self._answers.readexactly(LENGTH.size))
                body = await self._answers.readexactly(length)
                _settle(self._waiting.popleft(), body)
        reached = True
        while self._waiting:
            answer = self._waiting.popleft()
            failure = PolicyEngineUnavailable if reached else NotReached
            reached = False
            if not answer.done():
                answer.set_exception(failure("The policy engine's process ended over a question."))


def _settle(answer: asyncio.Future[bytes], body: bytes) -> None:
    if answer.done():
        return
    if body[:1] == ANSWERED:
        answer.set_result(body[1:])
    else:
        answer.set_exception(PolicyEngineUnavailable(body[1:].decode(errors="replace")))
