"""What delivery needs of a repository host, in its own words: nouns, the port, and how it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from penstock.delivery.remote_files import RemoteFiles
from penstock.domain.artifacts import Artifact
from penstock.errors import InvalidConfiguration
from penstock.kit.git_names import is_branch_name

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
_SHA = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """``owner/name``, never an address: a caller does not decide which host is asked (POLICY.md §4, H37-H41)."""

    owner: str
    name: str

    def __post_init__(self) -> None:
        """Refuse what is no name. Raises InvalidConfiguration."""
        reserved = self.name in {".", ".."} or self.name.lower().endswith(".git")
        if reserved or not _OWNER.fullmatch(self.owner) or not _NAME.fullmatch(self.name):
            raise _no_name(f"{self.owner}/{self.name}")

    @classmethod
    def parse(cls, text: str) -> RepositoryName:
        """Read ``owner/name``. Raises InvalidConfiguration for anything else, addresses included."""
        owner, slash, name = text.partition("/")
        if not slash:
            raise _no_name(text)
        try:
            return cls(owner, name)
        except InvalidConfiguration:
            raise _no_name(text) from None

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


def _no_name(text: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        f"{ascii(text)[:120]} is not the name of a repository.",
        fields=["repository"],
        next_steps=("Write owner/name, such as acme/payment-api, without an address before it.",),
    )


def checked_branch(name: str, *, field: str = "ref") -> str:
    """Return a branch's name. Raises InvalidConfiguration for one git or GitHub would read as something else (H42)."""
    if not is_branch_name(name) or name.startswith("refs/") or _SHA.fullmatch(name):
        message = f"{ascii(name)[:120]} is not the name of a branch."
        steps = ("Write the branch's own name, such as main or release/2.0.",)
        raise InvalidConfiguration(message, fields=[field], next_steps=steps)
    return name


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is known of a repository before anything is spent on it."""

    repository: RepositoryName
    """Its name today; one that was renamed answers to its former name, too."""
    default_branch: str
    branch: str
    """The branch asked for, or the default branch."""
    head_sha: str
    """Where that branch stands; empty in an empty repository."""
    protected: bool = False
    """A commit straight onto the branch would be refused."""
    needs_signatures: bool = False
    may_write: bool = True
    may_open_pull_request: bool = True
    may_write_workflows: bool = True
    """True also where it cannot be known before trying (fine-grained personal tokens)."""
    empty: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Committed:
    """How a commit ended. ``branch`` is the one that has it: another than ordered when ``contained`` there already."""

    commit_sha: str
    branch: str
    no_changes: bool = False
    """The files were there already, and no commit was made; ``commit_sha`` is where ``branch`` stands."""
    contained: bool = False
    """An earlier attempt had delivered it."""
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    """An open pull request."""

    number: int
    url: str
    updated: bool
    """It was there before, and its text was renewed."""


@dataclass(frozen=True, slots=True)
class PullRequestText:
    """Title and Markdown body of a pull request."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class CommitOrder:
    """One commit to be made exactly once, whoever tries it and however often."""

    repository: RepositoryName
    branch: str
    """The branch that gets the commit; it is made when it is not there."""
    start: str
    """The branch a new one starts from; the same as ``branch`` for a direct commit."""
    artifacts: tuple[Artifact, ...]
    pipeline_id: str
    created_at: datetime
    """The record's, never the present: the same order must give the same commit."""
    skills: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Further branches on which an earlier attempt may have left the commit."""
    overwrite: bool = False
    signed: bool = False
    """Let the host sign the commit: its SHA differs every time, and the saved plans alone keep it single."""


class CommitPlans(Protocol):
    """Every commit that was ever about to become visible for one pipeline (BEHAVIOUR.md §2.2)."""

    async def known(self) -> Sequence[str]:
        """Return the SHAs of all saved plans, oldest first, other workers' too."""
        ...

    async def save(self, base_sha: str, commit_sha: str, repo: str, branch: str) -> None:
        """Keep a plan durably; saving one twice is no mistake. Raises whatever says that the lease is lost."""
        ...


class HostAway(Exception):
    """The host did not answer, or not now: what was promised is finished later."""

    def __init__(self, message: str, *, retry_at_s: float | None = None, gated: bool = False) -> None:
        """``retry_at_s``: seconds since the epoch before which nobody should ask again; ``gated``: a limit says so."""
        super().__init__(message)
        self.message, self.retry_at_s, self.gated = message, retry_at_s, gated


class HostRefused(Exception):
    """The host said no for good.

    ``kind``: protected, signatures, merge_queue, permission, workflows, empty, archived, not_found, conflict,
    misconfigured. ``customer_fault``: the repository has to change, not Penstock.
    """

    def __init__(
        self, kind: str, message: str, next_steps: tuple[str, ...] = (), *, customer_fault: bool = True
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.next_steps, self.customer_fault = kind, message, next_steps, customer_fault


class RepositoryHost(Protocol):
    """A place where repositories live. Every method raises HostAway and HostRefused, and does nothing by halves."""

    async def preflight(self, repository: RepositoryName, branch: str | None = None) -> Preflight:
        """Look at a repository without changing it; HostRefused ``not_found`` when it cannot be seen."""
        ...

    async def files(
        self, repository: RepositoryName, commit_sha: str, *, skipped_folders: frozenset[str] = frozenset()
    ) -> RemoteFiles:
        """List a commit's files for detection, without a clone."""
        ...

    async def deliver(self, order: CommitOrder, plans: CommitPlans) -> Committed:
        """Make the commit, once. Raises DeliveryConflict and PathProblem too, and what ``plans`` raises."""
        ...

    async def pull_request(
        self, repository: RepositoryName, *, head: str, base: str, text: PullRequestText
    ) -> PullRequest | None:
        """Open a pull request, or renew the text of the one that is open; None when there is nothing to merge."""
        ...
