"""What stands behind the simulated API: repositories, Apps with their installations, tokens."""

from __future__ import annotations

import fnmatch
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .git import BareRepository
from .refusals import NOT_FOUND, Refused

TOKEN_SECONDS = 3600  # documented: an installation token lives one hour
DEFAULT_PERMISSIONS = {"metadata": "read", "contents": "write", "pull_requests": "write"}
LEVELS = ("none", "read", "write", "admin")


@dataclass(slots=True)
class Guard:
    """One branch protection rule, or one rule of a ruleset; `bypass` lets writers pass while it stays visible."""

    pattern: str
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)
    bypass: bool = False

    def covers(self, branch: str) -> bool:
        return fnmatch.fnmatchcase(branch, self.pattern)


@dataclass(slots=True)
class Repository:
    """One repository; `protections` are classic, `rules` come from rulesets."""

    id: int
    owner: str
    name: str
    git: BareRepository
    default_branch: str
    private: bool = True
    archived: bool = False
    tree_limit: int = 100_000  # documented: entries of a recursive tree before `truncated`
    protections: list[Guard] = field(default_factory=list)
    rules: list[Guard] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    verified: set[str] = field(default_factory=set)  # commits whose signature GitHub would vouch for

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def protections_of(self, branch: str) -> list[Guard]:
        return [each for each in self.protections if each.covers(branch)]

    def rules_of(self, branch: str) -> list[Guard]:
        return [each for each in self.rules if each.covers(branch)]


@dataclass(slots=True)
class Caller:
    """Who asks: `kind` is anonymous, app (a JWT), installation, fine or classic (personal tokens).

    `repositories` None means all of them. A classic token has scopes instead of permissions.
    """

    kind: str
    login: str = ""
    whom: str = "127.0.0.1"  # as rate limit messages name it
    permissions: dict[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    repositories: frozenset[int] | None = frozenset()
    expires: float = float("inf")
    installation: int | None = None

    def holds(self, repository: Repository) -> bool:
        return self.repositories is None or repository.id in self.repositories

    def allows(self, name: str, level: str) -> bool:
        if self.kind == "classic":
            return ("workflow" if name == "workflows" else "repo") in self.scopes
        return LEVELS.index(self.permissions.get(name, "none")) >= LEVELS.index(level)


@dataclass(slots=True)
class Installation:
    """One App on one account."""

    id: int
    app: App
    account: str
    permissions: dict[str, str]
    repositories: frozenset[int] | None
    suspended: bool = False


@dataclass(slots=True)
class App:
    """A GitHub App: its public key checks the JWTs."""

    id: int
    slug: str
    client_id: str
    public_key: str
    installations: list[Installation] = field(default_factory=list)


class World:
    """All state but script and calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()  # git guards the refs; this guards everything else
        self.repositories: dict[int, Repository] = {}
        self.names: dict[str, int] = {}  # present and former full names, in lower case
        self.apps: list[App] = []
        self.tokens: dict[str, Caller] = {}
        self.token_seconds: float = TOKEN_SECONDS
        self._number = 1000

    def number(self) -> int:
        with self.lock:
            self._number += 1
            return self._number

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by its present or a former name."""
        number = self.names.get(full_name.lower())
        return None if number is None else self.repositories.get(number)

    def installation(self, number: int) -> Installation | None:
        return next((each for app in self.apps for each in app.installations if each.id == number), None)

    def installation_on(self, repository: Repository, app: App) -> Installation | None:
        for each in app.installations:
            if each.account.lower() == repository.owner.lower() and (
                each.repositories is None or repository.id in each.repositories
            ):
                return each
        return None

    def issue_token(
        self, installation: Installation, permissions: dict[str, str], repositories: frozenset[int] | None
    ) -> tuple[str, float]:
        """Make an installation token; return it and when it ends."""
        token, ends = f"ghs_{secrets.token_hex(18)}", time.time() + self.token_seconds
        caller = Caller(
            kind="installation",
            login=f"{installation.app.slug}[bot]",
            whom=f"installation ID {installation.id}",
            permissions=permissions,
            repositories=repositories,
            expires=ends,
            installation=installation.id,
        )
        with self.lock:
            self.tokens[token] = caller
        return token, ends

    def owned_by(self, account: str) -> frozenset[int]:
        with self.lock:
            return frozenset(r.id for r in self.repositories.values() if r.owner.lower() == account.lower())

    def need(self, number: int) -> Repository:
        found = self.repositories.get(number)
        if found is None:
            raise Refused(404, NOT_FOUND)
        return found
