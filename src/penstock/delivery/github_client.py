"""Calls to GitHub with everything around them: the right to call, the gate, retries, and what an answer means.

The one owner of retries for GitHub (BEHAVIOUR.md C50): reads 1+1 after 0.3 s, changes 1+3 after 1, 2, 3 s. A change
that must not be repeated blindly (a branch, a pull request) is sent once and its caller looks what became of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from penstock.delivery.github_gate import Gate
from penstock.delivery.github_messages import LEAST_WAIT_S, Sense, Verdict, explained, reset_in, understand
from penstock.delivery.github_transport import LedElsewhere, NotAnswered, Reply, Transport
from penstock.delivery.ports import HostAway, HostRefused, RepositoryName
from penstock.kit.clock import Clock
from penstock.telemetry.service import Telemetry


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds before each further try, at most (jitter goes down), and the least a limit holds."""

    read_s: tuple[float, ...] = (0.3,)
    change_s: tuple[float, ...] = (1.0, 2.0, 3.0)
    least_limit_s: float = LEAST_WAIT_S


class Grant(Protocol):
    """The right to make calls for one repository."""

    @property
    def token(self) -> str:
        """What stands in the Authorization header."""
        ...

    @property
    def installation(self) -> str:
        """Whose rate limit the calls count for."""
        ...


class Credentials(Protocol):
    """Where grants come from."""

    async def grant(self, repository: RepositoryName, /) -> Grant:
        """Return a grant that lives. Raises HostAway, HostRefused."""
        ...

    async def renewed(self, repository: RepositoryName, refused: Any, /) -> Grant:
        """Return another grant than the one GitHub refused. Raises HostAway, HostRefused."""
        ...


class Unanswered(HostAway):
    """A change may have been made: nobody answered, or nothing to rely on."""


class Overtaken(HostAway):
    """Somebody else moved the branch first."""


class Client:
    """GitHub's REST API for whoever may use it."""

    def __init__(self, calls: Calls, credentials: Credentials) -> None:
        self._calls, self.credentials = calls, credentials

    async def get(self, repository: RepositoryName, path: str, *, accept: str | None = None, **query: str) -> Reply:
        """Read something of a repository. Raises HostAway, HostRefused."""
        return await self._call(repository, "GET", place(repository, path, query), accept=accept)

    async def change(
        self, repository: RepositoryName, method: str, path: str, body: Any, *, repeat: bool = True
    ) -> Any:
        """Change something and return the answer's JSON; ``repeat``: doing it twice is the same as once.

        Raises HostAway, HostRefused, Overtaken; Unanswered when nobody knows what became of it.
        """
        reply = await self._call(repository, method, place(repository, path, {}), body=body, repeat=repeat)
        return reply.json

    async def _call(
        self,
        repository: RepositoryName,
        method: str,
        path: str,
        *,
        body: Any = None,
        accept: str | None = None,
        repeat: bool = True,
    ) -> Reply:
        grant = await self.credentials.grant(repository)
        try:
            return await self._calls.send(grant, method, path, body=body, accept=accept, repeat=repeat)
        except BadToken:
            grant = await self.credentials.renewed(repository, grant)
        try:
            return await self._calls.send(grant, method, path, body=body, accept=accept, repeat=repeat)
        except BadToken as refusal:
            raise HostAway(f"GitHub does not take Penstock's token. It says: {refusal}") from None


class BadToken(Exception):
    """401; the text is GitHub's."""


class Calls:
    """Single calls with a given token: gate, retries, classification."""

    def __init__(self, transport: Transport, gate: Gate, clock: Clock, telemetry: Telemetry, waits: Waits) -> None:
        self._transport, self._gate, self._clock, self._telemetry = transport, gate, clock, telemetry
        self._waits = waits

    async def send(
        self,
        grant: Grant,
        method: str,
        path: str,
        *,
        body: Any = None,
        accept: str | None = None,
        repeat: bool = True,
    ) -> Reply:
        """Make a call. Raises BadToken, HostAway, HostRefused, Overtaken, Unanswered."""
        changes = method != "GET"
        waits = (self._waits.change_s if changes else self._waits.read_s) if repeat else ()
        for wait in (*waits, None):
            await self._gate.enter(grant.installation, changes=changes)
            trouble = ""
            try:
                reply = await self._transport.send(method, path, token=grant.token, body=body, accept=accept)
                verdict = self._understood(reply, raw=accept is not None)
            except NotAnswered as problem:
                trouble = str(problem)
            except LedElsewhere as problem:
                message, steps = explained("misconfigured", str(problem))
                raise HostRefused("misconfigured", message, steps, customer_fault=False) from None
            else:
                if verdict.sense is Sense.OK:
                    self._note_last_call(grant, reply)
                    return reply
                self._raise(verdict, grant)
                trouble = f"{reply.status} {verdict.said}".strip()
            self._telemetry.count("github_errors")
            if wait is None:
                kind = Unanswered if changes else HostAway
                raise kind(f"GitHub is away or in trouble: {trouble}")
            self._telemetry.count("github_retries")
            await self._clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, no secret
        raise AssertionError

    def _understood(self, reply: Reply, *, raw: bool) -> Verdict:
        verdict = understand(
            reply.status, reply.headers, reply.message if reply.status >= 300 else "", self._clock.now(),  # noqa: PLR2004 -- no success
            least_wait_s=self._waits.least_limit_s,
        )  # fmt: skip
        if verdict.sense is Sense.OK and not raw:
            _ = reply.json
        return verdict

    def _raise(self, verdict: Verdict, grant: Grant) -> None:
        """Raise what cannot be helped by trying again."""
        match verdict.sense:
            case Sense.BAD_TOKEN:
                self._telemetry.count("github_auth")
                raise BadToken(verdict.said)
            case Sense.LIMITED:
                self._gate.close(grant.installation, verdict.retry_at_s)
                self._telemetry.count("github_limited")
                message = f"GitHub limits Penstock's calls. It says: {verdict.said}"
                raise HostAway(message, retry_at_s=verdict.retry_at_s, gated=True)
            case Sense.BEHIND:
                raise Overtaken(verdict.said)
            case Sense.REFUSED:
                message, steps = explained(verdict.kind, verdict.said)
                raise HostRefused(verdict.kind, message, steps)

    def _note_last_call(self, grant: Grant, reply: Reply) -> None:
        """Close the gate after the last call a primary limit allows: the next would only be refused."""
        if reply.headers.get("x-ratelimit-remaining") == "0":
            now = self._clock.now().timestamp()
            self._gate.close(grant.installation, now + reset_in(reply.headers, now))


def place(repository: RepositoryName, path: str, query: dict[str, str]) -> str:
    """Return the path of something in a repository; ``path`` may hold any characters."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"/repos/{quote(str(repository))}{quote(path)}{asked}"
