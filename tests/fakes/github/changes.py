"""What a test can do to the world between calls, or around one: people push, protect, rename, take rights away.

A change is an object with `do`, naming one of the functions below, and that function's arguments.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

from .git import ZERO, BareRepository, Person
from .limits import Limits
from .script import ScriptRefused
from .world import DEFAULT_PERMISSIONS, App, Caller, Guard, Installation, Repository, World

SOMEBODY = ("Ada Colleague", "ada@example.com")


class Changes:
    """Every public method is a change; what it returns goes back to who asked for it."""

    def __init__(self, world: World, limits: Limits) -> None:
        self._world, self._limits = world, limits

    def make(self, raw: dict[str, Any]) -> Any:
        """Make one change; raises ScriptRefused for one nobody knows."""
        given = dict(raw)
        name = str(given.pop("do", ""))
        change: Callable[..., Any] | None = getattr(self, name, None)
        if change is None or name.startswith("_") or name == "make":
            known = sorted(each for each in vars(Changes) if not each.startswith("_") and each != "make")
            raise ScriptRefused(f"unknown change {name!r}; known: {', '.join(known)}")
        try:
            inspect.signature(change).bind(**given)
        except TypeError as problem:
            raise ScriptRefused(f"{name}: {problem}") from problem
        with self._world.lock:
            return change(**given)

    def _found(self, full_name: str) -> Repository:
        found = self._world.repository(full_name)
        if found is None:
            raise ScriptRefused(f"there is no repository {full_name}")
        return found

    def repository(
        self, name: str, files: dict[str, str] | None = None, *, default_branch: str = "main", private: bool = True,
        message: str = "First commit",
    ) -> dict[str, Any]:  # fmt: skip
        """Make `owner/name` with one commit of these files; without files it is empty."""
        if self._world.repository(name) is not None:
            raise ScriptRefused(f"there is a repository {name} already")
        number = self._world.number()
        owner, _, short = name.partition("/")
        git = BareRepository(self._world.folder / f"{number}.git")
        git.create(default_branch)
        made = Repository(number, owner, short, git, default_branch, private)
        self._world.repositories[number] = made
        self._world.names[name.lower()] = number
        head = self.push(name, default_branch, files, message) if files else None
        return {"id": number, "path": str(git.path), "head": head}

    def app(self, public_key: str, *, slug: str = "penstock") -> dict[str, Any]:
        number = self._world.number()
        made = App(number, slug, f"Iv23li{number}", public_key)
        self._world.apps.append(made)
        return {"id": made.id, "client_id": made.client_id}

    def install(
        self, app: int, account: str, permissions: dict[str, str] | None = None, repositories: list[str] | None = None
    ) -> dict[str, Any]:
        """Install an App on an account: on all its repositories, or on those named in full."""
        found = next(each for each in self._world.apps if each.id == app)
        selected = None if repositories is None else frozenset(self._found(each).id for each in repositories)
        number = self._world.number()
        rights = dict(DEFAULT_PERMISSIONS if permissions is None else permissions)
        found.installations.append(Installation(number, found, account, rights, selected))
        return {"id": number}

    def permissions(self, installation: int, permissions: dict[str, str]) -> None:
        """Set an installation's permissions, those of its tokens too."""
        installed = self._installation(installation)
        installed.permissions.clear()
        installed.permissions.update(permissions)
        for caller in self._world.tokens.values():
            if caller.installation == installation:
                caller.permissions = dict(permissions)

    def suspend(self, installation: int) -> None:
        self._installation(installation).suspended = True

    def _installation(self, number: int) -> Installation:
        found = self._world.installation(number)
        if found is None:
            raise ScriptRefused(f"there is no installation {number}")
        return found

    def token(
        self, token: str, *, login: str = "ada", kind: str = "classic", scopes: list[str] | None = None,
        permissions: dict[str, str] | None = None, repositories: list[str] | None = None, expires_in: float | None = None,
    ) -> None:  # fmt: skip
        """Let a token work: `classic` with scopes, `fine` or `installation` with permissions."""
        selected = None if repositories is None else frozenset(self._found(each).id for each in repositories)
        self._world.tokens[token] = Caller(
            kind=kind,
            login=login,
            whom=f"user ID {self._world.number()}",
            permissions=dict(DEFAULT_PERMISSIONS if permissions is None else permissions),
            scopes=frozenset(["repo"] if scopes is None else scopes),
            repositories=selected,
            expires=float("inf") if expires_in is None else time.time() + expires_in,
        )

    def expire_tokens(self) -> None:
        """End every token there is, as an hour passing or a revoked key does."""
        for caller in self._world.tokens.values():
            caller.expires = 0

    def token_seconds(self, seconds: float) -> None:
        """Set how long installation tokens live from now on."""
        self._world.token_seconds = seconds

    def push(self, repository: str, branch: str, files: dict[str, str], message: str = "A colleague's change") -> str:
        """Commit files onto a branch from elsewhere; the branch is made if it is not there."""
        who = Person(*SOMEBODY, int(time.time()))
        contents = {path: content.encode() for path, content in files.items()}
        return self._found(repository).git.commit_files(branch, contents, message, who)

    def rewind(self, repository: str, branch: str, to: str) -> None:
        """Move a branch by force, as somebody who rewrites its history does; `to` is a SHA."""
        git = self._found(repository).git
        git.move(branch, to, git.branch(branch) or ZERO)

    def delete_branch(self, repository: str, branch: str) -> None:
        git = self._found(repository).git
        git.move(branch, ZERO, git.branch(branch) or ZERO)

    def protect(
        self, repository: str, branch: str = "*", kind: str = "pull_request", *, bypass: bool = False,
        parameters: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Protect branches the classic way; kinds: refusals.py PROTECTION_SENTENCES."""
        self._found(repository).protections.append(Guard(branch, kind, parameters or {}, bypass))

    def rule(
        self, repository: str, branch: str = "*", kind: str = "pull_request", *, bypass: bool = False,
        parameters: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Add a rule of a ruleset; kinds: refusals.py RULE_SENTENCES."""
        self._found(repository).rules.append(Guard(branch, kind, parameters or {}, bypass))

    def unprotect(self, repository: str) -> None:
        found = self._found(repository)
        found.protections.clear()
        found.rules.clear()

    def rename(self, repository: str, to: str) -> None:
        """Give a repository a new full name; the former one redirects."""
        found = self._found(repository)
        found.owner, _, found.name = to.partition("/")
        self._world.names[to.lower()] = found.id

    def archive(self, repository: str, *, archived: bool = True) -> None:
        self._found(repository).archived = archived

    def tree_limit(self, repository: str, entries: int) -> None:
        """Set after how many entries a recursive tree is truncated."""
        self._found(repository).tree_limit = entries

    def close_pull(self, repository: str, number: int) -> None:
        self._found(repository).pulls[number - 1]["state"] = "closed"

    def merge_pull(self, repository: str, number: int) -> str:
        """Merge a pull request with a merge commit, as its reviewer does."""
        found = self._found(repository)
        pull = found.pulls[number - 1]
        git, base = found.git, found.git.branch(pull["base"])
        head = git.branch(pull["head"])
        assert base is not None
        assert head is not None
        who = Person(*SOMEBODY, int(time.time()))
        tree = git.run("merge-tree", "--write-tree", base, head).decode().split()[0]
        merged = git.write_commit(tree, [base, head], (who, who), f"Merge pull request #{number}")
        git.move(pull["base"], merged, base)
        pull |= {"state": "closed", "merged_sha": merged, "sha": head}
        return merged

    def limit(self, token: str, remaining: int, reset_in: float = 3600) -> None:
        """Leave a token's owner so many calls for so many seconds."""
        caller = self._world.tokens.get(token)
        if caller is None:
            raise ScriptRefused("there is no such token")
        self._limits.set(caller.whom, remaining, reset_in)

    def pace(self, changes_per_minute: int) -> None:
        """Refuse each caller's changes beyond so many in a minute by the secondary limit (GitHub's own: 80)."""
        self._limits.changes_per_minute = changes_per_minute

    def limit_installation(self, installation: int, remaining: int, reset_in: float = 3600) -> None:
        """Leave an installation so many calls for so many seconds."""
        self._limits.set(f"installation ID {self._installation(installation).id}", remaining, reset_in)
