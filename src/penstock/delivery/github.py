"""GitHub as a repository host, github.com or Enterprise. Only bootstrap imports this module."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial

from penstock.delivery import github_preflight, github_pulls, github_tree
from penstock.delivery.committing import REBUILDS, WAITS_S, commit_steps, drive
from penstock.delivery.github_app import AppTokens, PlainToken
from penstock.delivery.github_client import Calls, Client, Credentials, Waits
from penstock.delivery.github_commit import Author, CommitActs
from penstock.delivery.github_gate import Gate, Pace
from penstock.delivery.github_transport import Times, Transport
from penstock.delivery.ports import (
    CommitOrder,
    CommitPlans,
    Committed,
    HostAway,
    Preflight,
    PullRequest,
    PullRequestText,
    RepositoryName,
)
from penstock.delivery.remote_files import RemoteFiles
from penstock.errors import InvalidConfiguration
from penstock.kit.clock import Clock
from penstock.telemetry.service import Telemetry

API = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Access:
    """Who Penstock is to GitHub: an App (id and private key), or a token."""

    app_id: str | None = None
    private_key: str | None = field(default=None, repr=False)
    """The App's RSA key in PEM form."""
    token: str | None = field(default=None, repr=False)
    install_url: str = ""
    """Where people install the App; told when a repository cannot be seen."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How GitHub is called; the defaults are BEHAVIOUR.md §4."""

    times: Times = field(default_factory=Times)
    waits: Waits = field(default_factory=Waits)
    pace: Pace = field(default_factory=Pace)
    recheck_s: tuple[float, ...] = WAITS_S
    """Before each look at what became of a branch update nobody confirmed."""
    rebuilds: int = REBUILDS
    stage_s: float = 10.0
    """The most one delivery may take; what is cut off is taken up again later."""
    author: Author = field(default_factory=Author)


class GitHub:
    """A RepositoryHost. Close it after use."""

    def __init__(
        self, access: Access, clock: Clock, telemetry: Telemetry, *, base_url: str = API, manner: Manner | None = None
    ) -> None:
        """``base_url``: https://HOST/api/v3 for GitHub Enterprise. Raises InvalidConfiguration."""
        self._manner = manner or Manner()
        self._clock = clock
        self._transport = Transport(base_url, times=self._manner.times)
        gate = Gate(clock, self._manner.pace)
        calls = Calls(self._transport, gate, clock, telemetry, self._manner.waits)
        self._client = Client(calls, _credentials(access, calls, clock))

    async def preflight(self, repository: RepositoryName, branch: str | None = None) -> Preflight:
        """Look at a repository. Raises HostAway, HostRefused, InvalidConfiguration."""
        return await github_preflight.look(self._client, repository, branch)

    async def files(
        self, repository: RepositoryName, commit_sha: str, *, skipped_folders: frozenset[str] = frozenset()
    ) -> RemoteFiles:
        """List a commit's files in one call. Raises HostAway, HostRefused."""
        listed, cut = await github_tree.listing(self._client, repository, commit_sha, skipped_folders=skipped_folders)
        return RemoteFiles(listed, truncated=cut, fetch=partial(github_tree.fetch_blob, self._client, repository))

    async def deliver(self, order: CommitOrder, plans: CommitPlans) -> Committed:
        """Make the commit, once. Raises HostAway, HostRefused, DeliveryConflict, PathProblem, and what plans raise."""
        manner = self._manner
        acts = CommitActs(self._client, order, plans, self._clock, manner.author)
        walk = commit_steps(
            order.branch, order.start, signed=order.signed, waits_s=manner.recheck_s, rebuilds=manner.rebuilds
        )
        try:
            async with asyncio.timeout(manner.stage_s):
                return await drive(walk, acts.act)
        except TimeoutError:
            raise HostAway(f"GitHub took longer than {manner.stage_s:g} s.") from None

    async def pull_request(
        self, repository: RepositoryName, *, head: str, base: str, text: PullRequestText
    ) -> PullRequest | None:
        """Open or renew the pull request. Raises HostAway, HostRefused."""
        return await github_pulls.open_or_renew(self._client, repository, head=head, base=base, text=text)

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()


def _credentials(access: Access, calls: Calls, clock: Clock) -> Credentials:
    if access.app_id and access.private_key:
        return AppTokens(access.app_id, access.private_key, calls, clock, install_url=access.install_url)
    if access.token:
        return PlainToken(access.token)
    raise InvalidConfiguration(
        "GitHub needs an App id with its private key, or a token.",
        fields=["github.app_id", "github.private_key", "github.token"],
    )
